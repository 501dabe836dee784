"""Documents of every format that is read, made here: small, whole, and with the same facts in them."""
import email.message
import io
import zipfile
import zlib


def zipped(entries, stored=("mimetype",)):
    """A ZIP of {name: text or bytes}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in entries.items():
            z.writestr(zipfile.ZipInfo(name), data,
                       zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return out.getvalue()


# ---- PDF ----

def pdf(pages, extra=b""):
    """A PDF with one text line per list item; a page of None has a picture's place and no text."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        text = b"0 0 m 100 100 l S" if lines is None else b"BT /F1 12 Tf 72 720 Td 14 TL " + b" ".join(
            b"(" + line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("latin-1") + b") Tj T*"
            for line in lines) + b" ET"
        objects.append(b"<< /Length %d >> stream\n%s\nendstream" % (len(text), text))
        content = len(objects)
        objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
                       b"/Resources << /Font << /F1 3 0 R >> >> >>" % content)
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % k for k in kids))
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % at for at in places)
    out += b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, extra, start)
    return bytes(out)


def titled_pdf(pages, title):
    """One with a title of its own: text, or bytes as they stand in the file."""
    raw = title if isinstance(title, bytes) else b"<feff" + title.encode("utf-16-be").hex().encode() + b">"
    return pdf(pages, b"/Info << /Title %s >>" % raw)


def locked_pdf():
    """One whose password nobody has: the values of the standard handler are noise."""
    noise = b"<" + b"5a" * 32 + b">"
    return pdf([["secret"]], b"/Encrypt << /Filter /Standard /V 1 /R 2 /O %s /U %s /P -4 >> /ID [<00> <00>]" % (noise, noise))


# ---- Office Open XML ----

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def core(title):
    return ('<cp:coreProperties xmlns:cp="x" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>{title}</dc:title></cp:coreProperties>")


def relations(rows):
    return '<Relationships xmlns="x">' + "".join(
        f'<Relationship Id="{i}" Type="{RELATIONS}/{kind}" Target="{target}"/>' for i, kind, target in rows) + "</Relationships>"


def docx_body(body):
    return f"<w:document {W}><w:body>{body}</w:body></w:document>"


def paragraph(text, style="", extra=""):
    mark = f'<w:pPr><w:pStyle w:val="{style}"/>{extra}</w:pPr>' if style or extra else ""
    return f"<w:p>{mark}<w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(body=None, title="Handbook of the Lighthouse", **more):
    cell = lambda text: f"<w:tc>{paragraph(text)}</w:tc>"  # noqa: E731
    row = lambda *texts: "<w:tr>" + "".join(map(cell, texts)) + "</w:tr>"  # noqa: E731
    item = '<w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>'
    body = body if body is not None else (
        paragraph("Maintenance", "Heading1") + paragraph("The lamp of the lighthouse is cleaned every Thursday with vinegar.") +
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/></w:numPr></w:pPr><w:r><w:t>Wash the </w:t></w:r><w:r><w:t>lens</w:t></w:r></w:p>' +
        f"<w:p><w:pPr>{item}</w:pPr><w:r><w:t>with a soft cloth</w:t></w:r></w:p>" +
        paragraph("Staff", "Custom") + "<w:tbl>" + row("Name", "Shift") + row("Ingrid", "night") + row("Olaf | Ole", "day") + "</w:tbl>" +
        "<w:p><w:del><w:r><w:t>struck out</w:t></w:r></w:del><w:r><w:t>The fog horn is tested at noon.</w:t></w:r></w:p>")
    return zipped({
        "[Content_Types].xml": "<Types/>", "docProps/core.xml": core(title),
        "word/styles.xml": f'<w:styles {W}><w:style w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>'
                           '<w:style w:styleId="Custom"><w:name w:val="My own"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style></w:styles>',
        "word/document.xml": docx_body(body), **more})


def numbered_docx():
    """A contract: articles and sections by their styles, items, a bullet, numbered cells, a list that begins at 7."""
    level = lambda at, kind, text, more="": (f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>{more}'  # noqa: E731
                                             f'<w:lvlText w:val="{text}"/></w:lvl>')
    style = lambda name, based, more: (f'<w:style w:styleId="{name}"><w:name w:val="{name}"/><w:basedOn w:val="{based}"/>'  # noqa: E731
                                       f"<w:pPr>{more}</w:pPr></w:style>")
    num = lambda at, of, more="": f'<w:num w:numId="{at}"><w:abstractNumId w:val="{of}"/>{more}</w:num>'  # noqa: E731
    item = lambda text, num_id, depth=0, before="": (f'<w:p><w:pPr>{before}<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{num_id}"/></w:numPr></w:pPr>'  # noqa: E731
                                                     f"<w:r><w:t>{text}</w:t></w:r></w:p>")
    cell = lambda inner: f"<w:tc>{inner}</w:tc>"  # noqa: E731
    row = lambda text: "<w:tr>" + cell(item("", 3)) + cell(paragraph(text)) + "</w:tr>"  # noqa: E731
    old = '<w:pPrChange><w:pPr><w:pStyle w:val="Part"/></w:pPr></w:pPrChange>'
    body = (paragraph("Scope", "Article") + paragraph("Parts", "Section") + item("brass", 1, 2) + item("copper", 1, 2) + item("", 1, 2).replace("<w:r>", "").replace("<w:t></w:t></w:r>", "") +
            paragraph("Price", "Section") + paragraph("Term", "Article") + paragraph("Notice", "Section") + item("in writing", 1, 2) + item("loose", 2) +
            "<w:tbl>" + row("first") + row("second") + "</w:tbl>" + item("seventh", 4) + item("eighth", 4) + item("of no list", 99) +
            paragraph("plain again", "Section", '<w:outlineLvl w:val="9"/><w:numPr><w:numId w:val="0"/></w:numPr>' + old))
    return docx(body, **{
        "word/styles.xml": f"<w:styles {W}>" + style("Base", "Ring", '<w:outlineLvl w:val="0"/>') + style("Ring", "Base", "") +
                           style("Article", "Base", '<w:numPr><w:numId w:val="1"/></w:numPr>') +
                           style("Section", "Article", '<w:outlineLvl w:val="1"/>') + "</w:styles>",
        "word/numbering.xml": f"<w:numbering {W}>" + '<w:abstractNum w:abstractNumId="5">' + level(0, "upperRoman", "Article %1", '<w:pStyle w:val="Article"/>') +
                              level(1, "decimalZero", "%1.%2", '<w:isLgl/><w:pStyle w:val="Section"/>') + level(2, "lowerLetter", "%3)") + "</w:abstractNum>" +
                              '<w:abstractNum w:abstractNumId="6">' + level(0, "bullet", "\uf0b7") + "</w:abstractNum>" +
                              '<w:abstractNum w:abstractNumId="7">' + level(0, "decimal", "%1.") + "</w:abstractNum>" +
                              '<w:abstractNum w:abstractNumId="8"><w:numStyleLink w:val="Nowhere"/>' + level(0, "decimal", "%1.") + "</w:abstractNum>" +
                              num(1, 5) + num(2, 6) + num(3, 7) +
                              num(4, 8, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>') + "</w:numbering>"})


def moved(data, old, new):
    """A package whose main part is called otherwise, as some programs do: only its relations tell."""
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        entries = {name.replace(old, new): z.read(name).replace(old.encode(), new.encode()) for name in z.namelist()}
    main = next(name for name in entries if name.startswith(new) and "/" not in name[len(new):] and name.endswith(".xml")
                and any(mark in entries[name] for mark in (b"<w:document", b"<workbook", b"<p:presentation")))
    entries["_rels/.rels"] = relations([("rId1", "officeDocument", "/" + main)])
    return zipped(entries)


def pptx():
    def shape(kind, *texts):
        place = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>' if kind else ""
        return f"<p:sp>{place}<p:txBody>" + "".join(f"<a:p><a:r><a:t>{t}</a:t></a:r></a:p>" for t in texts) + "</p:txBody></p:sp>"

    def slide(*shapes):
        return '<p:sld xmlns:p="p" xmlns:a="a">' + "".join(shapes) + "</p:sld>"
    return zipped({
        "[Content_Types].xml": "<Types/>",
        "ppt/presentation.xml": f'<p:presentation xmlns:p="p" {R}><p:sldIdLst><p:sldId id="256" r:id="rId9"/>'
                                '<p:sldId id="257" r:id="rId2"/></p:sldIdLst></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations([("rId2", "slide", "slides/slide1.xml"), ("rId9", "slide", "slides/slide2.xml")]),
        "ppt/slides/slide1.xml": slide(shape("title", "Harvest results"), shape("body", "The orchard gave 412 crates of pears")),
        "ppt/slides/_rels/slide1.xml.rels": relations([("rId1", "notesSlide", "../notesSlides/notesSlide1.xml")]),
        "ppt/notesSlides/notesSlide1.xml": slide(shape("body", "Mention the hailstorm of June"), shape("sldNum", "2")),
        "ppt/slides/slide2.xml": slide(shape("ctrTitle", "Orchard report"), shape("subTitle", "Autumn meeting"))})


def xlsx(first=None, strings=None):
    """Two sheets; rows of the first one and the shared strings can be others."""
    def cell(at, value, kind="", style=""):
        return f'<c r="{at}"{kind and f""" t="{kind}" """}{style and f""" s="{style}" """}><v>{value}</v></c>'
    first = first or ('<row r="1">' + cell("A1", 0, "s") + cell("B1", 1, "s") + cell("D1", 2, "s") + "</row>"
             '<row r="3">' + cell("A3", 3, "s") + cell("B3", 45352, "", "1") + cell("D3", "7.25") + "</row>")
    second = '<row r="5"><c r="A5" t="inlineStr"><is><t>The spare key hangs behind the boiler</t></is></c></row>'
    sheet = lambda rows: f"<worksheet><sheetData>{rows}</sheetData></worksheet>"  # noqa: E731
    return zipped({
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook {R}><sheets><sheet name="Costs" sheetId="1" r:id="rId1"/><sheet name="Keys" sheetId="2" r:id="rId2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations([("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "worksheet", "worksheets/sheet2.xml"),
                                                 ("rId3", "sharedStrings", "sharedStrings.xml"), ("rId4", "styles", "styles.xml")]),
        "xl/sharedStrings.xml": strings or "<sst><si><t>Item</t></si><si><t>Bought</t></si><si><t>Price</t></si><si><r><t>Copper </t></r><r><t>kettle</t></r></si></sst>",
        "xl/styles.xml": '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
                         '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": sheet(first), "xl/worksheets/sheet2.xml": sheet(second)})


# ---- OpenDocument, EPUB ----

OFFICE = ('xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:dc="d" xmlns:draw="w"')


def odf(kind, body, **more):
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}",
                   "content.xml": f"<office:document-content {OFFICE}><office:body>{body}</office:body></office:document-content>",
                   "meta.xml": f"<office:document-meta {OFFICE}><dc:title>Rules of the Chess Club</dc:title></office:document-meta>", **more})


def odt():
    return odf("text", '<office:text><text:h text:outline-level="2">Dues</text:h>'
               "<text:p>Members pay eleven<text:s/>crowns each <text:span>quarter</text:span>.</text:p>"
               "<text:list><text:list-item><text:p>Juniors pay half</text:p></text:list-item></text:list>"
               "<text:tracked-changes>gone</text:tracked-changes></office:text>")


def ods():
    cell = lambda text: f"<table:table-cell><text:p>{text}</text:p></table:table-cell>"  # noqa: E731
    return odf("spreadsheet", '<office:spreadsheet><table:table table:name="Boats"><table:table-row>' + cell("Boat") + cell("Berth") +
               '</table:table-row><table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
               "<table:table-row>" + cell("Petrel") + cell("14") + "</table:table-row></table:table></office:spreadsheet>")


def epub(**more):
    page = lambda body: f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{body}</body></html>'  # noqa: E731
    return zipped({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns:dc="d"><metadata><dc:title>The Glass Harbour</dc:title></metadata><manifest>'
                          '<item id="b" href="two.xhtml" media-type="application/xhtml+xml"/><item id="a" href="one%20a.xhtml" media-type="application/xhtml+xml"/>'
                          '<item id="c" href="cover.png" media-type="image/png"/></manifest>'
                          '<spine><itemref idref="c"/><itemref idref="a"/><itemref idref="b"/></spine></package>',
        "OEBPS/one a.xhtml": page("<h1>Arrival</h1><p>The ferry <i>Mar&iacute;a</i> came in at dusk.</p>"),
        "OEBPS/two.xhtml": page("<h1>Departure</h1><p>Nobody saw the pilot leave the harbour.</p>"), **more})


# ---- HTML, mail ----

HTML = """<!doctype html><html><head><title>Bicycle  repair
guide</title><style>p { color: red }</style><script>var hidden = 1;</script></head><body>
<nav><ul><li><a href=/>Home</a></ul></nav>
<h1>Bicycle repair guide</h1><p>A chain is replaced<br>after 3000 kilometres&nbsp;of use &amp; rain.
<h2>Tools</h2><ul><li>Spanner<ul><li><p>size 15</p></ul><li>Pump</ul>
<table><tr><th>Part<th>Torque</tr><tr><td>Crank<td>40 Nm</table>
<table><tr><td>Menu<td><table><tr><td>inner<td>cell</table></td></tr></table>
<pre>true   &&
  kept</pre></body></html>"""


def mail(attachments=(), subject="Minutes of the bee keepers", html=False):
    m = email.message.EmailMessage()
    m["From"], m["To"], m["Subject"], m["Date"] = "Søren <s@example.org>", "all@example.org", subject, "Tue, 05 Mar 2024 10:00:00 +0000"
    m.set_content("The hive by the river was moved on Monday.\n\nHoney is 8 kroner a jar.\n", charset="utf-8")
    if html:
        m.add_alternative("<p>only the other form</p>", subtype="html")
    for name, data in attachments:
        m.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return m.as_bytes()


def mbox(messages):
    return b"".join(b"From a@example.org Tue Mar  5 10:00:00 2024\n" + m.replace(b"\nFrom ", b"\n>From ") + b"\n" for m in messages)


# ---- what nobody should send ----

def bomb(megabytes=24):
    """A DOCX whose text is one blank, very often."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
        with z.open("word/document.xml", "w", force_zip64=True) as f:
            f.write(f"<w:document {W}><w:body><w:p><w:r><w:t>".encode())
            for _ in range(megabytes):
                f.write(b" " * (1 << 20))
            f.write(b"</w:t></w:r></w:p></w:body></w:document>")
    return out.getvalue()


def with_size(data, size):
    """The same ZIP, saying another uncompressed size of everything in it."""
    data, at = bytearray(data), 0
    for mark, off in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.find(mark)
        while at >= 0:
            data[at + off:at + off + 4] = size.to_bytes(4, "little")
            at = data.find(mark, at + 4)
    return bytes(data)


def overlapping(entries=400, size=1 << 20):
    """A ZIP whose directory names one compressed entry very often, as in 42.zip's descendants."""
    one = io.BytesIO()
    with zipfile.ZipFile(one, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("word/document.xml", f"<w:document {W}><w:body>" + paragraph("deep " * (size // 5)) + "</w:body></w:document>")
    data = one.getvalue()
    at, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    names = [b"word/document.xml"] + [b"word/documen%d.xml" % i for i in range(entries)]
    head = data[at:at + 46]
    rows = b"".join(head[:28] + len(name).to_bytes(2, "little") + head[30:] + name for name in names)
    return data[:at] + rows + data[end:end + 8] + len(names).to_bytes(2, "little") * 2 + len(rows).to_bytes(4, "little") + \
        at.to_bytes(4, "little") + b"\0\0"


def encrypted(data):
    """The same ZIP, saying of everything in it that it is encrypted."""
    data = bytearray(data)
    for mark, off in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + off] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def packed_as(data, method):
    """The same ZIP, saying of everything in it that it is compressed in another way."""
    data = bytearray(data)
    for mark, off in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.find(mark)
        while at >= 0:
            data[at + off:at + off + 2] = method.to_bytes(2, "little")
            at = data.find(mark, at + 4)
    return bytes(data)


def flate_pdf(megabytes):
    """A page whose content inflates to blanks without end, and an object stream that extends itself."""
    packed = zlib.compress(b" " * (megabytes << 20), 1)
    return pdf([["x"]]).replace(b"5 0 obj", b"9 0 obj\n<< /Length %d /Filter /FlateDecode >> stream\n" % len(packed) + packed + b"\nendstream\nendobj\n"
                                b"10 0 obj\n<< /Type /ObjStm /N 1000000 /First 10 /Extends 10 0 R /Length 4 >> stream\n1 0 \nendstream\nendobj\n"
                                b"5 0 obj").replace(b"/Contents 4 0 R", b"/Contents [9 0 R 4 0 R 10 0 R]")


def laughs():
    lol = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {c} "{f"&{p};" * 10}">' for p, c in zip("abcdefghi", "bcdefghij"))
    return zipped({
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<!DOCTYPE x [{lol}]><w:document {W}><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>"})


def far_below(folder):
    """A book of ten thousand chapters that are not there, each in a folder with the longest of names."""
    items = "".join(f'<item id="a{i}" href="a{i}.xhtml"/>' for i in range(10000))
    return zipped({"mimetype": "application/epub+zip", "META-INF/container.xml": f'<c><rootfile full-path="{folder}/a.opf"/></c>',
                   f"{folder}/a.opf": f"<package><manifest>{items}</manifest></package>"})


def hostile():
    """(name, bytes, options, wanted status, words of the error)."""
    deep = "<w:sdt>" * 500000 + "</w:sdt>" * 500000
    entities = laughs()
    external = zipped({"word/document.xml": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
                                            f"<w:document {W}><w:body><w:p><w:r><w:t>&e;</w:t></w:r></w:p></w:body></w:document>"})
    streams = pdf([["x"]]).replace(b"/Contents 4 0 R", b"/Contents [" + b"4 0 R " * 10000 + b"]")
    kids = pdf([["x"]]).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]")
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as z:
        for i in range(20000):
            z.writestr(f"{i}", b"")
    escape = docx(**{"../../../../tmp/escaped": "gone", "/etc/escaped": "gone"})
    nested = b"Subject: deep\nMIME-Version: 1.0\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(20000)) + b"\n\nx"
    boxes = mail()
    for _ in range(6):
        boxes = mail([("inner.eml", boxes)])
    unclosed = "<w:p " + "a" * (9 << 20)
    return [
        ("bomb.docx", bomb(), (), "limit", "unpacks"),
        ("liar-small.docx", with_size(bomb(), 4096), (), ("limit", "broken"), ""),
        ("liar-large.docx", with_size(docx(), 0x7fffffff), (), ("ok", "broken"), ""),
        ("laughs.docx", entities, (), "limit", "entities"),
        ("external.docx", external, (), "limit", "entities"),
        ("deep.docx", docx(deep), (), "limit", "levels deep"),
        ("unclosed.docx", docx(unclosed), (), ("limit", "broken"), ""),
        ("cut.docx", docx()[:-40], (), "broken", "damaged"),
        ("flipped.docx", docx().replace(b"PK\x01\x02", b"PK\x01\x03"), (), "broken", ""),
        ("many.docx", many.getvalue(), (), "limit", "files"),
        ("escape.docx", escape, (), "ok", ""),
        ("locked.odt", odf("text", "x", **{"META-INF/manifest.xml": "<m:encryption-data xmlns:m='m'/>"}), (), "locked", "password"),
        ("drm.epub", epub(**{"META-INF/encryption.xml": "http://www.w3.org/2001/04/xmlenc#aes128-cbc"}), (), "locked", "DRM"),
        ("locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le"), (), "locked", "password"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), (), "type", "DOCX"),
        ("plain.zip", zipped({"a.txt": "x"}), (), "type", "archive"),
        ("letter.pages", zipped({"Index/Document.iwa": "x"}), (), "type", "Pages"),
        ("lzma.docx", packed_as(docx(), 14), (), "broken", "its compression (LZMA) is not supported"),
        ("odd.docx", packed_as(docx(), 6), (), "broken", "is not supported"),
        ("secret.txt", b"-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n", (), "locked", "is encrypted"),
        ("nuls.txt", b"\x01\0\0\0" + bytes(400), (), "type", "not text"),
        ("picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(100), (), "type", "picture"),
        ("binary.txt", bytes(range(256)) * 20, (), "type", "not text"),
        ("empty.docx", zipped({"word/document.xml": docx_body("")}), (), "empty", "no text"),
        ("deep.html", b"<div>" * 500000 + b"x", (), ("limit", "ok"), ""),
        ("tables.html", b"<table><tr><td>" * 60000 + b"x", (), ("limit", "ok"), ""),
        ("comment.html", b"<p>x</p><!--" + b"-" * (2 << 20), (), ("ok", "limit"), ""),
        ("nested.eml", nested, (), "limit", "parts"),
        ("nested.mbox", b"From a@example.org Tue Mar  5 10:00:00 2024\n" + nested, (), "limit", "parts"),
        ("groups.eml", b"Subject: x\nTo: " + b"a:" * 100000 + b";" * 100000 + b"\n\nhello\n", (), "limit", "groups"),
        ("folded.eml", b"Subject: x\nCC: a\n" + b" :\n" * 100000 + b"\n\nhello\n", (), "limit", "groups"),
        ("overlap.docx", overlapping(), (), ("ok", "limit", "broken"), ""),
        ("overlap.epub", overlapping().replace(b"word/document.xml", b"META-INF/contain."), (), ("type", "broken", "limit"), ""),
        ("far.epub", far_below("d" * 60000), (), "empty", ""),
        ("encrypted.docx", encrypted(docx()), (), "locked", "password"),
        ("line.mbox", b"From a@example.org Tue Mar  5 10:00:00 2024\nSubject: " + b"y" * (8 << 20), (), ("ok", "limit", "broken", "empty"), ""),
        ("liar.html", '<html><head><meta charset="utf-16"></head><body><p>plain words</p>'.encode(), (), "ok", ""),
        ("liar.eml", b"Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-2022-kr\nContent-Transfer-Encoding: base64\n\n" +
         b"/w==" * 50000, (), ("ok", "broken", "empty", "type"), ""),
        ("cut.eml", mail([("x.docx", docx())])[:-300], (), "ok", ""),
        ("flate.pdf", flate_pdf(12), ("--pdf",), ("ok", "limit", "broken"), ""),
        ("boxes.eml", boxes, (), "limit", "levels deep"),
        ("streams.pdf", streams, ("--pdf",), ("ok", "limit", "broken"), ""),
        ("kids.pdf", kids, ("--pdf",), ("broken", "empty"), ""),
        ("locked.pdf", locked_pdf(), ("--pdf",), "locked", "password"),
        ("cut.pdf", pdf([["x"]])[:60], ("--pdf",), "broken", "damaged"),
        ("scan.pdf", pdf([None, None]), ("--pdf",), "empty", "no text layer"),
    ]


# ---- what takes longer (make torture) ----

def one_page(text, box=b"[0 0 612 792]", objects=(), resources=b""):
    """A PDF of one page that says `text`, with objects of the caller's own from number 10 on."""
    data = pdf([["x"]]).replace(b"[0 0 612 792]", box).replace(b"<< /Font", b"<< " + resources + b" /Font")
    at = data.index(b"4 0 obj")
    page = data.index(b"5 0 obj")
    more = b"".join(b"%d 0 obj\n%s\nendobj\n" % (10 + i, body) for i, body in enumerate(objects))
    return data[:at] + b"4 0 obj\n<< /Length %d >> stream\n%s\nendstream\nendobj\n" % (len(text), text) + more + data[page:]


def form_pdf():
    """A form whose fields are to be drawn by whoever shows it, in a font that it has not: the system's are looked for."""
    field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V <feff03c002ac> /DA (/Helv 12 Tf 0 g) /Rect [10 10 200 40] /F 4 /P 5 0 R >>"
    data = one_page(b"BT /F1 12 Tf 72 720 Td (Where is my form) Tj ET", objects=[field])
    return data.replace(b"/Type /Catalog", b"/Type /Catalog /AcroForm << /NeedAppearances true /Fields [10 0 R] /DA (/Helv 12 Tf 0 g) >>") \
        .replace(b"/Contents 4 0 R", b"/Contents 4 0 R /Annots [10 0 R]")


def endless_pdf():
    """Each of forty forms shows the next one twice: a reader is busy until it is ended."""
    form = b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> >> /Length 11 >> stream\n/X Do /X Do\nendstream"
    return one_page(b"/X Do", objects=[form % (11 + i) for i in range(40)], resources=b"/XObject << /X 10 0 R >>")


def nastier():
    """(name, bytes, options, wanted statuses): each is to end by itself, in any way that has words."""
    words = b"BT /F1 12 Tf 72 720 Td (fine words) Tj ET"
    zips = b"x"
    for _ in range(10):
        zips = zipped({f"{i}.zip": zips for i in range(8)})
    many = {"word/document.xml": docx_body(paragraph("fine words")), **{f"x{i}": "" for i in range(65540)}}
    head = b"Subject: a\nMIME-Version: 1.0\n"
    cell = '<c t="inlineStr"><is><t>%d</t></is></c>'
    picture = b"<< /Type /XObject /Subtype /Image /Width 100000 /Height 100000 /BitsPerComponent 1 /ColorSpace /DeviceGray " \
              b"/Filter /%s /Length 40 >> stream\n" + bytes(40) + b"\nendstream"
    pdfs, any_end = ("--pdf",), ("ok", "broken", "empty", "limit")
    return [
        ("nested.docx", zips, (), ("type",)),
        ("many.docx", zipped(many), (), ("limit",)),
        ("attributes.docx", docx("<w:p " + " ".join(f'a{i}="{i}"' for i in range(300000)) + "/>"), (), any_end),
        ("namespaces.docx", docx("<w:p " + " ".join(f'xmlns:n{i}="u{i}"' for i in range(100000)) + "/>"), (), any_end),
        ("attributes.html", b"<p " + b" ".join(b"a%d=1" % i for i in range(500000)) + b">x", (), ("limit",)),
        ("fewer.html", b"<p " + b" ".join(b"a%d=1" % i for i in range(9900)) + b">x", (), any_end),
        ("entities.html", b"&amp;" * 3000000, (), any_end),
        ("scripts.html", b"<script>" * 300000 + b"x", (), any_end),
        ("deep.json", b"[" * 500000 + b"]" * 500000, (), any_end),
        ("deep.md", b"> " * 500000 + b"x", (), any_end),
        ("deep-arrays.pdf", pdf([["x"]]).replace(b"/Count 1", b"/X " + b"[" * 100000 + b"]" * 100000 + b" /Count 1"), pdfs, any_end),
        ("deep-dicts.pdf", pdf([["x"]]).replace(b"/Count 1", b"/X " + b"<</A " * 500000 + b" /Count 1"), pdfs, any_end),
        ("states.pdf", one_page(b"q " * 2000000 + words), pdfs, any_end),
        ("box.pdf", one_page(words, b"[-1e30 -1e30 1e30 1e30]"), pdfs, any_end),
        ("count.pdf", one_page(words).replace(b"/Count 1", b"/Count 2000000000"), pdfs, any_end),
        ("kids.pdf", pdf([["x"]]).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R 2 0 R]").replace(b"/Count 1", b"/Count 300"), pdfs, any_end),
        ("forms.pdf", endless_pdf(), pdfs, any_end),
        ("jbig2.pdf", one_page(words + b" /X Do", objects=[picture % b"JBIG2Decode"], resources=b"/XObject << /X 10 0 R >>"), pdfs, any_end),
        ("jpx.pdf", one_page(words + b" /X Do", objects=[picture % b"JPXDecode"], resources=b"/XObject << /X 10 0 R >>"), pdfs, any_end),
        ("parts.eml", head + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100000 + b"--b--\n", (), ("limit",)),
        ("depth.eml", (head + b"Content-Type: message/rfc822\n\n") * 1000 + b"Subject: x\n\nhello", (), ("limit",)),
        ("header.eml", b"Subject: a\nX-Long: " + b"y" * (50 << 20) + b"\n\nhello\n", (), any_end),
        ("folded.eml", b"Subject: " + b"a\n " * 1000000 + b"\n\nhello\n", (), any_end),
        ("words.eml", b"Subject: " + b"=?utf-8?b?aGVsbG8=?= " * 200000 + b"\n\nhello\n", (), any_end),
        ("bad64.eml", head + b"Content-Transfer-Encoding: base64\n\n" + b"!!!!" * 1000000, (), any_end),
        ("strings.xlsx", xlsx(strings="<sst>" + "".join(f"<si><t>s{i * 7919}</t></si>" for i in range(1000000)) + "</sst>"), (), any_end),
        ("wide.xlsx", xlsx("<row>" + "".join(cell % i for i in range(200000)) + "</row>"), (), any_end),
        ("index.xlsx", xlsx('<row r="1"><c r="ZZZZZZZZ9" t="s"><v>4294967295</v></c><c t="s"><v>-1</v></c></row>'), (), any_end),
        ("halves.txt", b"\xff\xfe" + b"\x00\xd8" * 100000, (), any_end),
        ("line.txt", b"word \xe9 " * (7 << 20), (), any_end),
    ]
