"""PDFInfo: PDFs of our own making, read here and by the original."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspamd.mail.pdf import read_pdf

RULES = """
loadplugin Mail::SpamAssassin::Plugin::PDFInfo
loadplugin Mail::SpamAssassin::Plugin::URIDetail
body  COUNT_1      eval:pdf_count('1', '1')
body  COUNT_0      eval:pdf_count('0', '0')
body  COUNT_MANY   eval:pdf_count('2')
body  IMAGES       eval:pdf_image_count('1')
body  IMAGES_2     eval:pdf_image_count('2', '3')
body  PIXELS       eval:pdf_pixel_coverage('10000', '1000000')
body  EXACT        eval:pdf_image_size_exact('149', '630')
body  EXACT_SUM    eval:pdf_image_size_exact('249', '830')
body  RANGE        eval:pdf_image_size_range('100', '500', '200', '700')
body  RANGE_OPEN   eval:pdf_image_size_range('90', '190')
body  NAMED        eval:pdf_named('bill.pdf')
body  NAME_REGEX   eval:pdf_name_regex('/^bill/i')
body  NAME_BARE    eval:pdf_name_regex('fdf$')
body  NAME_BROKEN  eval:pdf_name_regex('/(/')
body  RATIO        eval:pdf_image_to_text_ratio('0.0', '0.005')
rawbody RATIO_RAW  eval:pdf_image_to_text_ratio('0.0001', '0.5')
body  AUTHOR       eval:pdf_match_details('author', '/\\(bar\\)/')
body  TITLE        eval:pdf_match_details('title', '/^Hello$/')
body  CREATOR      eval:pdf_match_details('creator', '/./')
body  PRODUCER     eval:pdf_match_details('producer', '/Tool/')
body  CREATED      eval:pdf_match_details('created', '/^2024/')
body  MODIFIED     eval:pdf_match_details('modified', '/^2025/')
body  ENCRYPTED    eval:pdf_is_encrypted()
body  EMPTY        eval:pdf_is_empty_body()
body  NEARLY_EMPTY eval:pdf_is_empty_body('20')
body  MD5          eval:pdf_match_md5('d41d8cd98f00b204e9800998ecf8427e')
uri   LINKED       /linked/
tflags LINKED      multiple
uri_detail TYPED   type =~ /^parsed$/ host =~ /linked/
header __BY_TAG    Subject =~ /%{PDFPRODUCER}/
"""
TAGS = (
    *(
        "PDFCOUNT",
        "PDFIMGCOUNT",
        "PDFVERSION",
        "PDFNAME",
        "PDFIMGDIM",
        "PDFIMGAREA",
        "PDFAUTHOR",
        "PDFCREATOR",
    ),
    *("PDFPRODUCER", "PDFTITLE", "PDFMD5", "PDFMD5FUZZY1", "PDFMD5FUZZY2"),
)


def mail(*pdfs: tuple[bytes, str, str], text: str = "") -> bytes:
    """A message with PDFs (content, type, name) beside its text."""
    parts = [f"Content-Type: text/plain\n\n{text}\n"]
    parts += [
        f'Content-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n\n'
        + base64.encodebytes(data).decode()
        for data, kind, name in pdfs
    ]
    body = "".join(f"--x\n{part}\n" for part in parts)
    head = 'Subject: SomeTool 3\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n'
    return (head + body + "--x--\n").encode()


PLAIN = rb"""%PDF-1.4
1 0 obj
<</Producer(SomeTool 3)/CreationDate(D:20240102030405)>>
/ModDate (D:20250102)
/Title(\376\377\000H\000e\000l\000l\000o)
/Author(Foo \(bar\))
/Creator<FEFF 0057 0072>
/XObject /Image
630 0 0 149 0 0 cm
/Subtype/Image
200 0 0 100 0 0 cm
<</S /URI /URI (http://www.linked.example/a.b)>>
/A<</S/URI/URI(https://linked.test/\(x\))>>
(https://third.linked.example/path)>>
/URI <687474703a2f2f6c696e6b65642e6578616d706c652f>
  /URI (nothing)
stream
binary /Author(later)
endstream
"""
PDFS = [
    PLAIN,
    b"\xef\xbb\xbf" + PLAIN,
    b"junk" * 200 + PLAIN,
    b"junk" * 300 + PLAIN,
    b"%PDF-1.2 %PDF-1.7\n/Encrypt 5 0 R\n",
    b"%PDF-1.5\r\n/Width 630/Height 149\r\n/Image\r\n<</Width 630/Height 149>>  \r\n/Height 7\r\n",
    b"%PDF-1.5\n/Image /Width 0/Height 5\n/Image /Width 10/Height 020\n<</Image/Width 3/Height 4/Encrypt>>\n",
    b"%PDF-1.3\n" + b"".join(b"/Line%d x  \n" % n for n in range(90)) + b"stream\n/More\n",
    b"%PDF-1.3\n/Title()/Author(unclosed \\) \n/Creator(a\\\\)b)/Producer<5>/Producer<4a4B>\n",
    b"%PDF-1.3\n/Title(" + b"long " * 200 + b")\n/Author<" + b"41" * 600 + b">\n",
    b"%PDF-1.3\n" + b"".join(b"/URI(http://n%d.linked.example)\n" % n for n in range(30)),
    b"%PDF-1.3\n/URI(http://a.linked.example\\000x)/Title(skipped)\n/URI(.dot)/Title(T)\n/S/URI/URI(a)/Title(no)\n",
    b"%PDF-1.3\n(https://short)>>/Title(x)\n(https://linked.exam)>>/Title(y)\n/URI(x.y)(https://zz.linked.example)>>",
    b"%PDF-1.3\n/Image\n" + b"9" * 30 + b" 0 0 " + b"8" * 20 + b" 0 0 cm\n",
    b"no pdf at all",
    b"",
]
KINDS = [
    ("application/pdf", "bill.pdf"),
    ("application/octet-stream", "Bill.PDF"),
    ("image/pdf", "x"),
    ("application/octet-stream", "form.fdf"),
    ("application/octet-stream", "form.dat"),
    ("application/x-pdf", "form.pdf"),
]


@pytest.mark.oracle
def test_against_the_original(agreement: Any) -> None:
    messages = [mail((pdf, "application/pdf", "bill.pdf"), text="short") for pdf in PDFS]
    messages += [mail((PLAIN, kind, name), text="words " * 200) for kind, name in KINDS]
    messages += [mail((PDFS[0], "application/pdf", "a.pdf"), (PDFS[5], "application/pdf", "b.pdf")), mail()]
    agreement(RULES, messages, tags=TAGS)


def test_facts() -> None:
    facts = read_pdf(PLAIN)
    assert facts is not None
    assert facts.version == "1.4"
    assert facts.sizes == [("149", "630"), ("100", "200")]
    assert facts.uris == [
        b"http://www.linked.example/a.b",
        b"https://linked.test/(x)",
        b"https://third.linked.example/path",
    ]
    assert ("author", b"Foo (bar)") in facts.details and ("title", b"Hello") in facts.details
    assert read_pdf(b"GIF89a") is None


PIECES = st.sampled_from(
    b"""/Image|/Width |/Height |12| 0 0 |cm|\n|\r|(|)|\\|<|>|/URI|/S|/Title|/Author|http://a.example/|\\101|stream"""
    b"""|/Encrypt|.|\0|\xfe\xff""".split(b"|")
)


@given(st.lists(PIECES, max_size=60))
def test_never_raises(pieces: list[bytes]) -> None:
    read_pdf(b"%PDF-1.4\n" + b"".join(pieces))


def test_unclosed_strings_cost_no_more_than_their_length() -> None:
    # Quadratic reading would take hours here.
    facts = read_pdf(b"%PDF-1.4\n" + b"/Author(" * 200_000 + b"\n" + b"/S/URI/URI<" * 200_000)
    assert facts is not None and facts.details == []
