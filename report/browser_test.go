package report

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"offboard/batch"
)

// tab is a page in a real browser, and what it asked for and complained of.
type tab struct {
	*testing.T
	ctx context.Context

	mu               sync.Mutex // events come in another goroutine
	requests, errors []string
	refused          bool // a request, by the page's policy
}

// inBrowser starts Chromium. Where there is none the test is skipped, and fails under CI=true.
func inBrowser(t *testing.T) context.Context {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		alloc, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.NoSandbox)...)
		t.Cleanup(stop)
		ctx, end := chromedp.NewContext(alloc)
		t.Cleanup(end)
		if err := chromedp.Do(ctx); err != nil {
			t.Fatalf("start %s: %v", path, err)
		}
		return ctx
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no browser: install chromium, in which report.html is tested")
	}
	t.Skip("no browser: report.html is tested in chromium only where it is installed")
	return nil
}

// open opens a file in a new tab, up to the table of people.
func open(t *testing.T, browser context.Context, path string) *tab {
	t.Helper()
	b := load(t, browser, path, command(cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: shownAt}))
	b.until(`window.shownAt > 0`)
	return b
}

// shownAt notes when the table is shown.
const shownAt = `new MutationObserver(all => { if (all.some(m => m.target.id === "table")) window.shownAt = performance.now() })
	.observe(document, { subtree: true, attributeFilter: ["hidden"] })`

// worked is how long the page has kept a processor busy, which other work on the machine does not change.
func (b *tab) worked() (took time.Duration) {
	b.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		all, err := cdp.Call(ctx, t, performance.GetMetrics, cdp.Empty{})
		for _, m := range all.Metrics {
			if m.Name == "ThreadTime" { // of the thread that everything on a page waits for
				took = time.Duration(m.Value * float64(time.Second))
			}
		}
		return err
	}))
	if took == 0 {
		b.Fatal("the browser does not say how long the page worked")
	}
	return took
}

// load loads a file into a new tab.
func load(t *testing.T, browser context.Context, path string, before ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	b := &tab{T: t, ctx: ctx}
	b.do()
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.do(append(append([]chromedp.Action[chromedp.Void]{command(network.Enable, network.EnableParams{}), command(cdplog.Enable, cdp.Empty{}), command(performance.Enable, performance.EnableParams{})}, before...), chromedp.Navigate(fileURL(path)))...)
	return b
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventLoadingFailed:
		b.refused = b.refused || e.BlockedReason == network.BlockedReasonCsp
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.errors = append(b.errors, fmt.Sprint(e.Type, e.Args))
	case *cdplog.EventEntryAdded:
		b.errors = append(b.errors, e.Entry.Text)
	}
}

// heard are what the page asked for, and its complaints.
func (b *tab) heard() (requests, errors []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests), slices.Clone(b.errors)
}

func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

func run[R any](b *tab, action chromedp.Action[R]) R {
	b.Helper()
	result, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.Fatal(err)
	}
	return result
}

// js evaluates an expression, as text.
func (b *tab) js(expression string) string {
	b.Helper()
	return run(b, chromedp.Evaluate[string]("String("+expression+")"))
}

func (b *tab) want(expression, want string) {
	b.Helper()
	if got := b.js(expression); got != want {
		b.Errorf("%s is %q, want %q", expression, got, want)
	}
}

// until waits for an expression to be true.
func (b *tab) until(expression string) {
	b.Helper()
	run(b, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(time.Minute)))
}

// pageFileOf writes a page into a file.
func pageFileOf(t *testing.T, e End, lines iter.Seq2[batch.Line, error]) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), pageName)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := one(pageName, f, e, lines); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	hits    = `document.getElementById("hits").textContent`
	rows    = `document.getElementById("rows").children.length`
	persons = `[...document.querySelectorAll("#rows td:nth-child(2)")].map(td => td.firstChild.textContent).join()`
	focused = `document.activeElement.textContent`
	set     = `(id, value, event) => { const e = document.getElementById(id); e.value = value; e.dispatchEvent(new Event(event)); }`
)

func TestPageInBrowser(t *testing.T) {
	browser := inBrowser(t)
	const evil = `</script><img src=x onerror=alert(1)>` + "\u202e"
	lines := leavers()
	lines[1].User.UPN = evil
	timed := leaverRun()
	timed.Timing.Started = at(1, 0)
	path := pageFileOf(t, timed, seq(lines, nil))

	t.Run("needs nothing outside it", func(t *testing.T) {
		b := open(t, browser, path)
		b.want(hits, "8 people")
		requests, errors := b.heard()
		if len(requests) != 1 || requests[0] != fileURL(path) {
			t.Errorf("it asked for %q", requests)
		}
		if len(errors) > 0 {
			t.Errorf("it complained: %q", errors)
		}
	})

	t.Run("runs nothing but its own", func(t *testing.T) {
		b := open(t, browser, path)
		b.js(`document.body.insertAdjacentHTML("beforeend", '<button id="button" onclick="window.evil = 1" style="color: red"></button><img id="far" src="https://example.invalid/x.png">')`)
		b.js(`document.getElementById("button").click()`)
		b.js(`(() => { const s = document.createElement("script"); s.textContent = "window.evil = 2"; document.body.append(s) })()`)
		b.want(`window.evil`, "undefined")
		b.want(`getComputedStyle(document.getElementById("button")).color === "rgb(255, 0, 0)"`, "false")
		b.until(`document.getElementById("far").complete`)
		if _, errors := b.heard(); len(errors) != 4 { // handler, style, image and script
			t.Errorf("the browser refused %q", errors)
		}
		if b.mu.Lock(); !b.refused {
			t.Error("an image was asked for")
		}
		b.mu.Unlock()
	})

	t.Run("names are text", func(t *testing.T) {
		b := open(t, browser, path)
		b.want(`document.images.length`, "0")
		b.want(`[...document.querySelectorAll("#rows td")].some(td => td.firstChild?.textContent === "`+evilShown(evil)+`")`, "true")
	})

	t.Run("search, filter and sort", func(t *testing.T) {
		b := open(t, browser, path)
		b.want(persons, "ada@contoso.com,"+evilShown(evil)+",cy@contoso.com,gone@contoso.com,eli@contoso.com,dee@contoso.com,fay@contoso.com,root@contoso.com")
		b.do(chromedp.SendKeys("#search", "CONTOSO intune"))
		b.want(hits, "1 of 8 people")
		b.want(persons, "ada@contoso.com")
		for _, f := range [][2]string{{id(4), "cy@contoso.com"}, {"last DAY: 2026-03-01 fay", "fay@contoso.com"}} {
			b.js(`(` + set + `)("search", "` + f[0] + `", "input")`)
			b.want(persons, f[1])
		}
		b.want(`document.querySelector("#rows").textContent.includes("late")`, "true")
		b.js(`(` + set + `)("search", "ada", "input")`)
		b.want(`[...document.querySelectorAll("#rows small")].map(e => e.textContent).join()`, id(2)+",Last day: 2026-03-01")
		b.js(`(` + set + `)("search", "", "input")`)
		for _, f := range []struct{ select_, value, want string }{
			{"state", "1", "5 of 8 people"},
			{"outcome", ":not_found", "1 of 8 people"},
			{"outcome", "", "5 of 8 people"},
			{"outcome", "0:denied", "1 of 8 people"},
			{"state", "2", "0 of 8 people"},
			{"outcome", "", "1 of 8 people"},
			{"state", "late", "1 of 8 people"},
			{"state", "", "8 people"},
		} {
			b.js(`(` + set + `)("` + f.select_ + `", "` + f.value + `", "change")`)
			b.want(hits, f.want)
		}
		b.do(chromedp.Click(`.show[data-filter="5:not_possible"], .show[data-filter="4:not_possible"]`))
		b.want(hits, "2 of 8 people")
		b.want(`document.activeElement.id`, "people-title")
		b.do(chromedp.Click(`button[type=reset]`))
		b.until(hits + ` === "8 people"`)
		b.do(chromedp.Click(`#header th:last-child button`))
		b.want(`[...document.querySelectorAll("#rows td:last-child")].map(td => td.textContent).join()`, "2,3,4,5,7,8,9,10")
		b.do(chromedp.Click(`#header th:last-child button`))
		b.want(`[...document.querySelectorAll("#rows td:last-child")].map(td => td.textContent).join()`, "10,9,8,7,5,4,3,2")
		b.want(`[...document.querySelectorAll("#header th")].map(th => th.getAttribute("aria-sort")).join()`, "none,none,none,none,none,none,descending")
	})

	t.Run("keyboard", func(t *testing.T) {
		b := open(t, browser, path)
		b.do(chromedp.KeyEvent(kb.Tab))
		b.want(focused, "Skip to the table of people")
		b.do(chromedp.KeyEvent(kb.Enter))
		b.until(`document.activeElement.id === "people-title"`)
		for range 5 {
			b.do(chromedp.KeyEvent(kb.Tab))
		}
		b.want(focused, "State")
		b.want(`getComputedStyle(document.activeElement).outlineStyle`, "solid")
		b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
		b.want(`document.activeElement.parentElement.getAttribute("aria-sort")`, "ascending")
		b.do(chromedp.KeyEvent(" "))
		b.want(`document.activeElement.parentElement.getAttribute("aria-sort")`, "descending")
	})

	t.Run("light, dark and narrow", func(t *testing.T) {
		b := open(t, browser, path)
		pages := map[string]bool{}
		for _, scheme := range []string{"light", "dark"} {
			b.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
			pages[b.js(`getComputedStyle(document.body).backgroundColor`)] = true
			b.want(contrast, "")
		}
		if len(pages) != 2 {
			t.Errorf("light and dark have the background %v", pages)
		}
		b.do(chromedp.EmulateViewport(360, 800))
		b.want(`document.documentElement.scrollWidth`, "360")
	})

	t.Run("print", func(t *testing.T) {
		b := open(t, browser, path)
		b.js(`(` + set + `)("state", "1", "change")`)
		b.js(`addEventListener("beforeprint", () => { window.printed = ` + rows + ` })`)
		if pdf := run(b, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize())); !strings.HasPrefix(string(pdf), "%PDF-") || len(pdf) < 10_000 {
			t.Errorf("the print has %d bytes", len(pdf))
		}
		b.want(`window.printed`, "5")
		b.want(`document.getElementById("printed").textContent`, "")
		b.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}), chromedp.EmulateViewport(680, 900)) // A4
		b.want(`[getComputedStyle(document.querySelector("#rows td")).display, getComputedStyle(document.querySelector("#rows span")).display].join()`, "table-cell,inline")
		b.want(`[...document.querySelectorAll("#header th")].every(th => !th.firstChild.offsetParent && getComputedStyle(th, "::before").content === JSON.stringify(th.textContent))`, "true") // or no page but the first has it
		b.want(`document.documentElement.scrollWidth`, "680")
	})

	t.Run("for a screen reader", func(t *testing.T) {
		b := open(t, browser, path)
		b.want(`[...document.querySelectorAll("section, [aria-labelledby], [aria-describedby]")].filter(e =>
			["aria-labelledby", "aria-describedby"].some(a => e.hasAttribute(a) && !document.getElementById(e.getAttribute(a))) || e.tagName === "SECTION" && !e.hasAttribute("aria-labelledby")).length`, "0")
		b.want(`[...document.querySelectorAll("svg")].filter(e => e.getAttribute("role") !== "img" && !e.closest("[aria-hidden=true]")).length`, "0")
		b.want(`[document.documentElement.lang, document.querySelectorAll("main").length, document.querySelectorAll("h1").length, document.getElementById("hits").getAttribute("role")].join()`, "en,1,1,status")
		b.want(`document.getElementById("time-text").textContent.includes("2 of 7 people contained")`, "true")
	})

	t.Run("without JavaScript", func(t *testing.T) {
		b := load(t, browser, path, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
		text := run(b, chromedp.OuterHTML("body"))
		for _, want := range []string{"<h1>2 of 7 people contained</h1>", "Not contained and why", `class="line" d="M0`, "The table needs JavaScript", `<div id="table" hidden`} {
			if !strings.Contains(text, want) {
				t.Errorf("it does not show %q", want)
			}
		}
	})
}

func evilShown(s string) string { return strings.Replace(s, "\u202e", "<U+202E>", 1) }

// contrast lists text on the page that has less than 4.5:1 to what is behind it.
const contrast = `(() => {
	const rgb = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = rgb(c).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
	const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if ((rgb(c)[3] ?? 1) === 1) return c; } return "rgb(255, 255, 255)"; };
	return [...document.body.querySelectorAll("*")].filter(e => e.offsetParent && !e.disabled && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).filter(e => {
		const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
		return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5;
	}).map(e => e.tagName + " " + e.className + ": " + e.textContent).join("; ");
})()`

// A page of 100,000 people opens by less than 2 s of work, is below 2 MB, and is searched at once.
func TestPageOfManyInBrowser(t *testing.T) {
	browser := inBrowser(t)
	const people = 100_000
	kinds := leavers()
	e := leaverRun()
	e.Timing.Started = at(1, 0)
	path := pageFileOf(t, e, func(yield func(batch.Line, error) bool) {
		for i := range people {
			l := kinds[[]int{8, 0, 8, 8, 2, 8, 3, 8, 8, 7}[i%10]]
			l.Row.Line, l.User.UPN = i+2, fmt.Sprintf("firstname.surname%06d@contoso.example", i)
			if !yield(l, nil) {
				return
			}
		}
	})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 2<<20 {
		t.Errorf("the page has %d bytes", info.Size())
	}
	b := open(t, browser, path)
	b.want(hits, "100,000 people")
	took := b.worked()
	if took > 2*time.Second {
		t.Errorf("it took %v to open", took)
	}
	if _, errors := b.heard(); len(errors) > 0 {
		t.Errorf("it complained: %q", errors)
	}
	t.Logf("%d bytes, opened by %v of work, after %v", info.Size(), took, millisOf(t, b.js(`window.shownAt`)))
	b.js(`addEventListener("beforeprint", () => { window.printed = ` + rows + ` + document.getElementById("printed").textContent })`)
	b.js(`dispatchEvent(new Event("beforeprint"))`)
	b.want(`window.printed`, "10000Printed here: not contained, 10,000 of 30,000; others, 0. report.csv has a line for each row.")
	b.js(`(` + set + `)("search", "surname0", "input")`)
	b.js(`document.querySelector("#header th:last-child button").click()`)
	b.js(`(` + set + `)("search", "surname00", "input")`) // 10,000 in the order of the file
	b.js(`dispatchEvent(new Event("beforeprint"))`)
	b.want(`window.printed`, "3000Printed here: not contained, 3,000 of 3,000; others, 0. report.csv has a line for each row.")
	b.want(`[...document.querySelectorAll("#rows td:first-child")].every(td => td.textContent === "Not contained")`, "true")
	b.js(`dispatchEvent(new Event("afterprint"))`)
	b.want(rows, "100")
	b.want(`(() => { const start = performance.now(); (`+set+`)("search", "surname09999", "input"); window.searched = performance.now() - start; return `+hits+`; })()`, "10 of 100,000 people")
	b.want(`(() => { const start = performance.now(); document.querySelector("#header th:nth-child(2) button").click(); window.sorted = performance.now() - start; return `+persons+`; })()`,
		strings.Join(tenFrom(99_990), ","))
	t.Logf("searched in %v, sorted by name in %v", millisOf(t, b.js("searched")), millisOf(t, b.js("sorted")))
}

func millisOf(t *testing.T, text string) time.Duration {
	t.Helper()
	ms, err := strconv.ParseFloat(text, 64)
	if err != nil || ms <= 0 {
		t.Fatalf("%q ms: %v", text, err)
	}
	return time.Duration(ms) * time.Millisecond
}

func tenFrom(n int) (names []string) {
	for i := range 10 {
		names = append(names, fmt.Sprintf("firstname.surname%06d@contoso.example", n+i))
	}
	return names
}
