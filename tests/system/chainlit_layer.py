"""What Chainlit 2.11's SQLAlchemy data layer does when it reads a database, said again with the standard library.

It reads as Chainlit reads, faults included: texts are ordered as texts, a step is dropped when its
parent has not been seen, a NULL among the outputs breaks the search, errors of SQL are not swallowed
but raised, so that a test sees them.

usage: chainlit_layer.py DATABASE IDENTIFIER    lists, searches, opens and resumes everything
"""
import json
import sqlite3
import sys

USER_THREAD_LIMIT = 1000
STEP_COLUMNS = ("id", "name", "type", "threadId", "parentId", "streaming", "waitForAnswer", "isError", "metadata", "tags",
                "input", "output", "createdAt", "start", "end", "generation", "showInput", "language")
ELEMENT_COLUMNS = ("id", "threadId", "type", "chainlitKey", "url", "objectKey", "name", "props", "display", "size", "language",
                   "page", "forId", "mime")
# Runs that the page does not show as steps of their own.
CONTAINERS = ("on_chat_start", "on_message", "on_audio_end")


class Refused(Exception):
    """Chainlit would have answered with an error."""


class Layer:
    def __init__(self, path):
        self.db = sqlite3.connect(path, timeout=5)
        self.db.row_factory = sqlite3.Row

    def close(self):
        self.db.close()

    def rows(self, sql, *values):
        return [dict(row) for row in self.db.execute(sql, values)]

    # -- users

    def get_user(self, identifier):
        found = self.rows("SELECT * FROM users WHERE identifier = ?", identifier)
        if not found:
            return None
        user = found[0]
        if not isinstance(user["createdAt"], str):
            raise Refused("users.createdAt is no text")
        if not isinstance(json.loads(user["metadata"]), dict):
            raise Refused("users.metadata is no object")
        return user

    def thread_author(self, thread_id):
        found = self.rows('SELECT "userIdentifier" FROM threads WHERE id = ?', thread_id)
        if not found or not found[0]["userIdentifier"]:
            raise Refused(f"thread {thread_id} has no author")
        return found[0]["userIdentifier"]

    # -- threads with all that is in them

    def user_threads(self, user_id=None, thread_id=None):
        threads = self.rows(
            'SELECT t.id, t."createdAt", t.name, t."userId", t."userIdentifier", t.tags, t.metadata, '
            'MAX(s."createdAt") AS "updatedAt" FROM threads t LEFT JOIN steps s ON s."threadId" = t.id '
            'WHERE t."userId" = ? OR t.id = ? GROUP BY t.id, t."createdAt", t.name, t."userId", t."userIdentifier", t.tags, '
            't.metadata ORDER BY "updatedAt" DESC NULLS LAST LIMIT ?', user_id, thread_id, USER_THREAD_LIMIT)
        for thread in threads:
            thread["steps"], thread["elements"] = self.steps_of(thread["id"]), self.elements_of(thread["id"])
        return threads

    def steps_of(self, thread_id):
        columns = ", ".join(f's."{name}"' for name in STEP_COLUMNS)
        found = self.rows(f'SELECT {columns}, f.id AS feedback_id, f.value AS feedback_value, f.comment AS feedback_comment '
                          'FROM steps s LEFT JOIN feedbacks f ON s.id = f."forId" WHERE s."threadId" = ? '
                          'ORDER BY s."createdAt" ASC', thread_id)
        for step in found:
            shown = step["showInput"] not in (None, "false")
            step["input"] = step["input"] or "" if shown else ""
            rated = step.pop("feedback_id"), step.pop("feedback_value"), step.pop("feedback_comment")
            step["feedback"] = dict(zip(("id", "value", "comment"), rated)) if rated[1] is not None else None
        return found

    def elements_of(self, thread_id):
        columns = ", ".join(f'"{name}"' for name in ELEMENT_COLUMNS)
        return self.rows(f'SELECT {columns} FROM elements WHERE "threadId" = ?', thread_id)

    def list_threads(self, user_id, first=35, cursor=None, search=None, feedback=None):
        if not user_id:
            raise Refused("userId is required")
        kept = [thread for thread in self.user_threads(user_id=user_id)
                if self.found_in(thread, search) and self.rated(thread, feedback)]
        start = next((at + 1 for at, thread in enumerate(kept) if thread["id"] == cursor), 0)
        page = kept[start:start + first]
        return {"data": page, "pageInfo": {"hasNextPage": len(kept) > start + first,
                                           "startCursor": page[0]["id"] if page else None,
                                           "endCursor": page[-1]["id"] if page else None}}

    @staticmethod
    def found_in(thread, search):
        if not search:
            return True
        if any(step["output"] is None for step in thread["steps"]):
            raise Refused("a step's output is NULL: every search fails")
        return any(search.lower() in step["output"].lower() for step in thread["steps"])

    @staticmethod
    def rated(thread, feedback):
        return not feedback or any(step["feedback"] and step["feedback"]["value"] == int(feedback) for step in thread["steps"])

    def get_thread(self, thread_id):
        found = self.user_threads(thread_id=thread_id)
        return found[0] if found else None

    # -- opening a thread again

    def resume(self, thread_id, identifier):
        """The messages that on_chat_resume gets. Refused where the page would stay empty."""
        thread = self.get_thread(thread_id)
        if not thread:
            raise Refused("no such thread")
        if self.thread_author(thread_id) != identifier:
            raise Refused("not the author")
        if thread["metadata"] and not isinstance(json.loads(thread["metadata"]), dict):
            raise Refused("threads.metadata is no object")
        messages = [step for step in thread["steps"] if "message" in step["type"]]
        for message in messages:
            if not message["id"] or message["output"] is None:
                raise Refused(f"message {message['id']} has no text")
        return messages

    @staticmethod
    def shown(thread):
        """The steps that the page shows: one whose parent has not come before it is dropped without a word."""
        seen, shown = set(), []
        for step in thread["steps"]:
            if step["parentId"] is None or step["parentId"] in seen:
                seen.add(step["id"])
                if step["type"] != "run" or step["name"] not in CONTAINERS:
                    shown.append(step)
        return shown

    @staticmethod
    def linked(thread):
        """(step id, element name) of the elements that become links: those whose name stands in the text they are for."""
        outputs = {step["id"]: step["output"] for step in thread["steps"]}
        return [(element["forId"], element["name"]) for element in thread["elements"]
                if element["display"] in ("side", "page") and element["name"] in outputs.get(element["forId"], "")]


def look_at_everything(path, identifier):
    layer = Layer(path)
    user = layer.get_user(identifier)
    if not user:
        raise Refused(f"no user {identifier}")
    threads, cursor = [], None
    while True:
        page = layer.list_threads(user["id"], cursor=cursor)
        threads += page["data"]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    layer.list_threads(user["id"], first=20, search="e")
    messages = 0
    for thread in threads:
        resumed = layer.resume(thread["id"], identifier)
        ids = {step["id"] for step in layer.shown(thread)}
        dropped = [message["id"] for message in resumed if message["id"] not in ids]
        if dropped:
            raise Refused(f"thread {thread['id']}: messages not shown: {dropped}")
        stamps = [step["createdAt"] for step in thread["steps"]]
        if len(set(stamps)) != len(stamps):
            raise Refused(f"thread {thread['id']}: two steps of one time")
        messages += len(resumed)
    print(f"{len(threads)} threads, {messages} messages of {identifier}: listed, searched, opened and resumed")
    layer.close()


if __name__ == "__main__":
    look_at_everything(*sys.argv[1:])
