"""What readers of screens need of a page, as far as its source shows it."""

from html.parser import HTMLParser

HEADINGS = {f"h{level}" for level in range(1, 7)}
EMPTY = {"img", "br", "hr", "input", "link", "meta", "source", "wbr", "col", "path"}


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.language, self.levels, self.ids, self.found = None, [], set(), []
        self.open = []  # [tag, whether it has a name by now] of links and buttons
        self.title = ""
        self.in_title = False

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "html":
            self.language = given.get("lang")
        if tag in HEADINGS:
            self._add_level(int(tag[1]))
        if tag == "img":
            self._read_image(given)
        if tag in ("a", "button") and ("href" in given or tag == "button"):
            self.open.append([tag, bool(given.get("aria-label") or given.get("title"))])
        if "id" in given and given["id"] in self.ids:
            self.found.append(f"two elements have the id {given['id']!r}")
        self.ids.add(given.get("id"))
        # Outside a drawing, whose title is its own.
        self.in_title = tag == "title" and not self.title

    def _add_level(self, level):
        if self.levels and level > self.levels[-1] + 1:
            self.found.append(f"a heading of level {level} follows {self.levels[-1]}")
        self.levels.append(level)

    def _read_image(self, given):
        if "alt" not in given:
            self.found.append(f"a picture has no text: {given.get('src', '')[:60]}")
        if given.get("alt"):
            self._name("a picture")

    def _name(self, text):
        if text.strip():
            for element in self.open:
                element[1] = True

    def handle_data(self, data):
        self._name(data)
        if self.in_title:
            self.title += data

    def handle_endtag(self, tag):
        self.in_title = False
        if tag in ("a", "button") and self.open and self.open[-1][0] == tag:
            _, named = self.open.pop()
            if not named:
                self.found.append(f"a {tag} without a name, in line {self.getpos()[0]}")


def problems(page):
    """What is wrong with the source of a page: list of str."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    found = list(reader.found)
    if not reader.language:
        found.append("the page has no language")
    if not reader.title.strip():
        found.append("the page has no title")
    if reader.levels.count(1) != 1 or reader.levels[0] != 1:
        found.append(f"the headings are of the levels {reader.levels[:5]}, not one 1")
    return found
