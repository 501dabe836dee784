"""The verbs of `docs`, with names as people give them."""
from harness import check, contains, equal

ODD = {"two words.txt": "heron", "-dash.txt": "crane", "Grüße 🙂.txt": "stork", "README.md": "robin", "readme.md": "wren", "x" * 251 + ".txt": "finch"}


def test_odd_names_are_names(t):
    t.daemon("keep_originals = yes\n")
    for name, bird in ODD.items():
        t.run("upload", "--", t.h.path("./" + name, f"The {bird} sings.\n"), cwd=t.h.path(""))
    equal({row["name"] for row in t.run("docs", "--json").json["documents"]}, set(ODD), "names")
    for name, bird in ODD.items():
        for ref in (name, "./" + name):
            equal(t.run("docs", "show", "--original", "--", ref).text, f"The {bird} sings.\n", f"of {ref!r}")
        contains(t.run("docs", "show", "--", name).text, name)
    t.run("docs", "reindex", "--", *ODD)
    contains(t.run("docs", "rm", "readme.md").text, "removed readme.md")
    equal(t.run("docs", "show", "--original", "README.md").text, "The robin sings.\n", "names that differ in case")


def test_a_name_in_two_collections(t):
    t.daemon("keep_originals = yes\n")
    t.run("upload", "--name", "README.md", t.h.path("a", "The robin sings.\n"))
    t.run("upload", "--to", "my books", "--name", "README.md", t.h.path("b", "The wren sings.\n"))
    contains(t.run("docs", "show", "README.md", code=3).err, "means 2 documents, in 'default', 'my books'", "it may be:")
    contains(t.run("docs", "show", "--in", "my books", "README.md").text, "collection  my books")
    equal(t.run("docs", "show", "--original", "--in", "my books", "README.md").text, "The wren sings.\n", "its original")
    contains(t.run("docs", "reindex", "--in", "default", "README.md").text, "1 passage of 1 document is indexed anew")
    contains(t.run("docs", "show", "--in", "none", "README.md", code=3).err, "no document 'README.md' in 'none'")
    contains(t.run("docs", "rm", "--in", "my books", "README.md").text, "removed README.md")
    equal(t.run("docs", "show", "--original", "README.md").text, "The robin sings.\n", "the other")


def test_what_is_missing_is_said(t):
    t.daemon("")
    contains(t.run("docs", "show", code=2).err, "docs show needs a document")
    contains(t.run("docs", "rm", code=2).err, "docs rm needs the documents")
    code, out = t.terminal("docs")
    equal(code, 0, "status")
    contains(out.decode(), "no documents yet", "ragchat upload")
    code, out = t.terminal("docs", "ls", "--in", "my books")
    contains(out.decode(), "no documents in 'my books'")
    check(not t.run("docs", "ls").err, "said to a pipe")
