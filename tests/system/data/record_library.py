#!/usr/bin/python3
"""Writes a library as a build of ragchat leaves it, as SQL: record_library.py BUILD/bin FOLDER

FOLDER/library.sql and chat.sql get what that build's daemon made of a few documents, among them one
that was replaced, one that was removed, a second name and an answer that cites; where the build has
segments, what does not fit into so small a table lies in some, and their files are comments at the end.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

DOCUMENTS = {
    "handbook.md": "# Workshop\n\n## Fees\n\nMembers pay 24 euros a month. Guests pay 5 euros a day.\n\n## Safety\n\nSafety goggles are worn at the lathe.\n",
    "recipes.txt": "Lentils with vinegar\n\nSimmer the lentils for forty minutes, then add the vinegar.\n",
    "tides.txt": "The tide turns at noon in the northern harbour.\n\nThe ferry waits for high water.\n",
    "gone.txt": "The pelican is a large bird.\n",
}
BOATS = {f"boat{i}.txt": f"Boat number {i} has {i + 3} oars and a red sail.\n" for i in range(6)}


def shell(database):
    text = subprocess.run(["sqlite3", database, ".dump"], capture_output=True, text=True, check=True).stdout
    marks = subprocess.run(["sqlite3", database, "PRAGMA application_id; PRAGMA user_version; PRAGMA auto_vacuum; PRAGMA page_size"],
                           capture_output=True, text=True, check=True).stdout.split()
    head = f"PRAGMA page_size={marks[3]};\nPRAGMA auto_vacuum={marks[2]};\n"
    return head + text + f"PRAGMA application_id={marks[0]};\nPRAGMA user_version={marks[1]};\n"


def main():
    programs, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "XDG_DATA_HOME": home + "/data", "XDG_RUNTIME_DIR": home + "/run"}
        os.mkdir(home + "/run", 0o700)
        conf = os.path.join(home, "conf")
        with open(conf, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write("index_passages = 5\n")
        if subprocess.run([os.path.join(programs, "ragchatd"), "-c", conf, "--check"], env=env, capture_output=True, check=False).returncode:
            open(conf, "w", encoding="utf-8").close()  # older than segments
        daemon = subprocess.Popen([os.path.join(programs, "ragchatd"), "-c", conf], env=env)
        for _ in range(100):
            if os.path.exists(home + "/run/ragchat/sock"):
                break
            time.sleep(0.05)

        def run(*args):
            return subprocess.run([os.path.join(programs, "ragchat"), *args], env=env, cwd=home, check=True, capture_output=True, text=True).stdout

        def put(name, text, *more):
            with open(os.path.join(home, name), "w", encoding="utf-8") as f:
                f.write(text)
            run("upload", *more, name)
        for name, text in BOATS.items():
            put(name, text)
        put("recipes.txt", "An older recipe with cabbage.\n")
        for name, text in DOCUMENTS.items():
            put(name, text)
        put("copy.md", DOCUMENTS["handbook.md"])
        put("letters.txt", "Dear Ann, the garden is in bloom and the swallows are back.\n", "--to", "private")
        run("docs", "rm", "gone.txt")
        run("ask", "--title", "fees", "How much do members pay a month?")
        time.sleep(2)  # for segments to be made
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()
        data = home + "/data/ragchat/"
        for name, database in (("library", "library.db"), ("chat", "chat_history.db")):
            with open(os.path.join(folder, name + ".sql"), "w", encoding="utf-8") as f:
                f.write(shell(data + database))
                files = data + "library.segments"
                for segment in sorted(os.listdir(files)) if name == "library" and os.path.isdir(files) else ():
                    with open(os.path.join(files, segment), "rb") as s:
                        f.write(f"-- file {segment} {s.read().hex()}\n")


if __name__ == "__main__":
    main()
