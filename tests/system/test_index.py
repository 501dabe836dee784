"""The index of documents through kills: what was taken in is found as if nothing had happened."""
import os
import random
import time

from harness import check, deadline, equal, torture

FILES = 6000  # of some 43 passages each
WORDS = ("harbour lantern meadow thunder village window carpet bridge candle forest mirror pepper rocket saddle temple walnut river "
         "stone garden winter engine copper letter market violin anchor basket cellar dragon feather glacier hammer island jungle "
         "kettle ladder marble needle orchard planet quarry ribbon shovel tunnel umbrella valley whistle yellow zipper").split()


def text_of(number):
    """Some 20 KB, the same each time; rare words and names, so that the best are not all alike."""
    dice = random.Random(number)
    rows = []
    for _ in range(250):
        rows.append(" ".join(dice.choice(WORDS) if dice.random() < .8 else f"w{dice.randrange(40000)}" for _ in range(11)).capitalize() + ".")
    return " ".join(rows)


def asked(t, collection, question):
    """Hits by score; those that tie with the last one may be any."""
    found = t.run("search", "--docs", "--json", "--in", collection, "-n", "50", question).json
    rows = [(-hit["score"], hit["path"], hit["text"]) for hit in found["results"]]
    last = max(row[0] for row in rows)
    return sorted(row for row in rows if row[0] < last)


@torture
@deadline(1500)
def test_a_large_collection_is_the_same_after_kills(t):
    """A few 100 000 passages, killed while they come in, move and are merged; beside them the same undisturbed."""
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    print(f"SEED={seed}")
    dice, d = random.Random(seed), t.daemon("max_document = 64m\n")
    folder = os.path.join(t.h.dir, "home", "set")
    for i in range(FILES):
        t.h.path(f"set/{i:05}.txt", text_of(i))
    kills = 0
    while True:
        client = t.start("upload", "-r", "--to", "disturbed", "--jsonl", folder)
        end = time.monotonic() + dice.uniform(0.5, 5)
        while client.running() and time.monotonic() < end:
            time.sleep(0.01)
        if not client.running():
            client.end(60).expect(0)
            break
        d.kill()
        client.end(60)
        kills += 1
        d.restart()
        if kills == 12:  # the rest may come in peace
            t.run("upload", "-r", "--to", "disturbed", folder, timeout=600)
            break
    t.run("upload", "-r", "--to", "calm", folder, timeout=900)
    passages = t.sql("SELECT name, passages FROM collection ORDER BY name", path=t.h.library)
    print(f"{kills} kills; passages {passages}")
    check(kills >= 3, "the machine was too quick to be killed", kills)
    for i in range(60):
        question = " ".join(dice.choice(WORDS) if dice.random() < .5 else f"w{dice.randrange(40000)}" for _ in range(1 + i % 8))
        equal(asked(t, "disturbed", question), asked(t, "calm", question), question)
