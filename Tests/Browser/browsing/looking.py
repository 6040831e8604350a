"""The hub's own pages as a person meets them: what the console complains of, what can be read, where the keyboard goes."""

import re

from harness.hub import Hub

# Texts that can be seen and whose contrast with what is behind them is below a ratio. Colours are computed by the browser, and a
# background that lets others through is laid over them. https://www.w3.org/TR/WCAG22/#contrast-minimum
FAINT = """ratio => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const rgba = color => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
    const behind = element => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
        const base = matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0, 1] : [255, 255, 255, 1];
        return layers.reverse().reduce((below, layer) => over(layer, below), base);
    };
    const luminance = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * x + .7152 * y + .0722 * z;
    };
    const contrast = (one, other) => {
        const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (high + .05) / (low + .05);
    };
    const faint = [];
    let count = 0;
    const judge = (element, color, text) => {
        const below = behind(element), value = contrast(over(rgba(color), below), below);
        count += 1;
        if (value < ratio) faint.push(`${value.toFixed(2)}: ${element.tagName} ${element.className} "${text.trim().slice(0, 40)}"`);
    };
    for (const element of document.querySelectorAll('body *')) {
        if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('');
        if (text.trim()) judge(element, getComputedStyle(element).color, text);
        if (element.placeholder) judge(element, getComputedStyle(element, '::placeholder').color, element.placeholder);
        if (element.value && /INPUT|SELECT|TEXTAREA/.test(element.tagName)) judge(element, getComputedStyle(element).color, element.value);
    }
    return { faint, count };
}"""

# What can be operated and has no name that a screen reader could say.
NAMELESS = """() => {
    const named = e => (e.labels && [...e.labels].some(l => l.textContent.trim())) || e.getAttribute('aria-label')
        || (e.getAttribute('aria-labelledby') ?? '').split(' ').some(id => document.getElementById(id)?.textContent.trim())
        || (/^(A|BUTTON|SUMMARY)$/.test(e.tagName) && (e.textContent.trim() || e.querySelector('img[alt]')?.alt));
    const all = document.querySelectorAll('a, button, input, select, textarea, summary, progress, canvas, output, [role=listbox], [role=tabpanel], [role=region], [role=log], [role=group]');
    return [...all].filter(e => e.checkVisibility() && !named(e) && !(e.tagName === 'OUTPUT')).map(e => e.outerHTML.slice(0, 120));
}"""

# Where the keyboard is, and whether that shows.
FOCUS = """() => {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    const ring = [e, e.nextElementSibling].filter(Boolean).some(x => {
        const s = getComputedStyle(x);
        return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
    });
    window.visited ??= [];
    visited.push(e);
    const before = visited.at(-2);
    return {
        name: e.id || e.className || e.tagName, shows: ring,
        follows: !before || Boolean(before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING),
        again: visited.indexOf(e) < visited.length - 1,
    };
}"""


class LookedAt(Hub):
    """A hub that goes at once: told to go, it waits some seconds for connections that a browser has opened and not used."""

    def stop(self):
        self.kill()


class Look:
    """A page of the hub, with everything that it complained of and every byte that it loaded."""

    def __init__(self, browser, url, path="/", scheme="light", size=(1280, 900), context=None):
        width, height = size
        self.context = context or browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
        self.owns_context = context is None
        self.page = self.context.new_page()
        self.complaints, self.bytes, self._responses = [], {}, []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", lambda response: self._responses.append(response))
        self.page.add_init_script(
            "window.violations = []; document.addEventListener('securitypolicyviolation', "
            "e => violations.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}`))"
        )
        self.answer = self.page.goto(url + path)

    def _heard(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def __call__(self, script, argument=None):
        return self.page.evaluate(script, argument)

    def all_complaints(self):
        return self.complaints + self("window.violations")

    def loaded(self):
        """Bytes by path of everything but what the API answered."""
        files = {}
        for response in self._responses:
            kind = response.request.resource_type
            if kind in ("document", "script", "stylesheet", "image", "font", "other"):
                files[re.sub(r"https?://[^/]+", "", response.url)] = len(response.body())
        return files

    def faint(self, ratio=4.5):
        """Texts below the ratio, and how many were looked at."""
        found = self(FAINT, ratio)
        return found["faint"], found["count"]

    def nameless(self):
        return self(NAMELESS)

    def tour(self, limit=80):
        """Every place that the keyboard comes to, from the beginning of the page."""
        places = []
        for _ in range(limit):
            self.page.keyboard.press("Tab")
            place = self(FOCUS)
            if place is None or place["again"]:
                break
            places.append(place)
        return places

    def fits(self):
        """Nothing sticks out at the side."""
        return self("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    def stop(self):
        if self.owns_context:
            self.context.close()
        else:
            self.page.close()
