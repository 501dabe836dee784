"""Ready-made answers for the scripted backend: each is a function of the request and the way out."""
import time


def question(request):
    return request.json["messages"][-1]["content"]


def echo(request, out):
    """One answer in a few pieces that tells the question apart."""
    for piece in ("answer ", "to ", question(request)):
        out.delta(piece)
    out.finish()


def says(text, step=11, pause=0.0, ends=True):
    """This very text, cut into pieces of `step` characters."""
    def script(request, out):
        for at in range(0, len(text), step):
            out.delta(text[at:at + step])
            if pause:
                time.sleep(pause)
        if ends:
            out.finish()
    return script


def holds(event, before="first half, ", after="second half"):
    """Half an answer, then nothing until the event is set."""
    def script(request, out):
        out.delta(before)
        event.wait(120)
        out.delta(after)
        out.finish()
    return script


def words(count, pause, sent=None):
    """Numbered words at a pace; sent gets (monotonic time, bytes so far) before each."""
    def script(request, out):
        total = 0
        for i in range(count):
            word = f"w{i:05d} "
            out.delta(word)
            total += len(word)
            if sent is not None:
                sent.append((time.monotonic(), total))
            time.sleep(pause)
        out.finish()
    return script


def fails(status, body, headers=()):
    """An HTTP error before any answer."""
    def script(request, out):
        out.reply(status, body, dict(headers))
    return script


def in_turn(*scripts):
    """The first request gets the first script, and so on; the last one stays."""
    left = list(scripts)

    def script(request, out):
        (left.pop(0) if len(left) > 1 else left[0])(request, out)
    return script
