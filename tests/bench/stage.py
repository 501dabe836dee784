"""What the measurements of whole daemons stand on: the tests' harness, and a backend that streams."""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system"))
import harness  # noqa: E402


@contextlib.contextmanager
def stage(options, *streaming):
    """A test of the harness, and the address of bench_backend with these arguments. Trouble of the daemons is said at the end, by the status, too."""
    options.torture = options.sanitizer = False
    folder = tempfile.mkdtemp(prefix="ragchat-bench-")
    t = harness.Test(options, folder)
    backend = subprocess.Popen([os.path.join(options.bench, "bench_backend"), *map(str, streaming)], stdout=subprocess.PIPE)
    try:
        yield t, f"http://127.0.0.1:{int(backend.stdout.readline())}"
    finally:
        trouble = t.close(False)
        backend.terminate()
        shutil.rmtree(folder, ignore_errors=True)
    for words in trouble:
        print(words, file=sys.stderr)
    if trouble:
        sys.exit(1)
