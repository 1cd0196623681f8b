"""What tests of reports look for in a page."""

import re
from html import unescape
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Checker(HTMLParser):
    """Elements are closed in order, identifiers are used once, and nothing is fetched from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.uses, self.fetched, self.text = [], [], [], [], []
        self.scripts = 0
        self.feed(text)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))
        assert set(self.uses) <= set(self.ids)
        assert self.fetched == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.scripts += tag == "script"
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            self.uses += re.findall(r"url\(#([^)]*)\)", value or "")
            if name in {"href", "xlink:href", "src"}:
                if value.startswith("#"):
                    self.uses.append(value[1:])
                else:
                    self.fetched.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style", "script"}:
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def harmless(page):
    """The page's text, once it was seen that no element of it came from a name."""
    text = page.read_text("utf-8")
    checked = Checker(text)
    assert checked.scripts == 1
    assert not re.search(r"<img|<svg onload|onerror=\"|\x00|\x1b|\u202e", text)
    return checked.words


def headline(page):
    """The sentence at the top of a page, without its tags."""
    found = re.search(r'<p class="headline">(.*?)</p>', page.read_text("utf-8"), re.DOTALL)[1]
    return unescape(" ".join(re.sub("<.*?>", "", found).split()))
