// The table of people. Names are somebody else's text: they are put in as text only.
"use strict";
(async () => {
	const at = id => document.getElementById(id);
	const unpacked = text => { // gzip in base64
		const bytes = new Uint8Array(text.length);
		for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
		return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
	};
	const about = JSON.parse(at("about").textContent), people = await unpacked(atob(at("people").textContent)); // in the order of the file
	// A person is [row, name, row's text or 0, object id or 0, state, outcome, ms since the plan or -1, a letter for each step or 0, reason, cells that are kept, late or not, and of several files the file's place].
	// A reason or cell is text, or its place among those written once, or 0.
	const ROW = 0, NAME = 1, INPUT = 2, ID = 3, STATE = 4, OUTCOME = 5, TIME = 6, STEPS = 7, REASON = 8, KEPT = 9, LATE = 10, FILE = 11;
	const perPage = 100, mostPrinted = 2000, mostMissedPrinted = 10000, MISSED = 1;
	const add = (to, tag, text, more) => to.appendChild(Object.assign(document.createElement(tag), { textContent: text }, more));
	const count = n => n.toLocaleString("en-US");

	const text = (t, of) => typeof t === "string" ? t : of[t - 1] || "";
	const reason = p => text(p[REASON], about.reasons);
	const kept = p => p[KEPT].map((cell, i) => [about.keep[i], text(cell, about.kept)]).filter(c => c[1]).map(c => c.join(": "));
	const time = p => p[TIME] < 0 ? "" : new Date(about.base + p[TIME]).toISOString().slice(0, 19).replace("T", " ");
	const stepOutcome = letter => letter === "-" ? "" : about.outcomes[letter.charCodeAt(0) - 97];
	const steps = p => Array.from(p[STEPS] || "", (letter, i) => [about.steps[i], stepOutcome(letter)]).filter(s => s[1]);
	const lower = s => String(s).toLowerCase();
	const row = p => (p[FILE] || 0) * 1e9 + p[ROW];
	const place = p => p[ROW] + (FILE in p ? " of " + about.files[p[FILE]] : "");

	const columns = [
		{ name: "State", style: "of-state", key: p => p[STATE] === MISSED ? -1 : p[STATE], fill: (td, p) => { td.className = "s" + p[STATE]; td.textContent = about.states[p[STATE]]; if (p[LATE]) add(td, "small", "late"); } },
		{ name: "Person", style: "person", key: p => lower(p[NAME]), fill: (td, p) => { td.textContent = p[NAME]; for (const more of [p[INPUT], p[ID], ...kept(p)]) if (more) add(td, "small", more); } },
		{ name: "Outcome", style: "outcome", key: p => p[OUTCOME], fill: (td, p) => { td.textContent = about.outcomes[p[OUTCOME]]; } },
		...about.steps.length ? [{ name: "Steps", style: "steps-of", key: p => lower(p[STEPS]), fill: (td, p) => { for (const [step, outcome] of steps(p)) add(td, "span", step + ": " + outcome); } }] : [],
		{ name: "Time (UTC)", style: "time", key: p => p[TIME], fill: (td, p) => { td.className = "time"; td.textContent = time(p); } },
		{ name: "Reason", key: p => lower(reason(p)), fill: (td, p) => { td.textContent = reason(p); } },
		{ name: "Row", style: "row", key: row, fill: (td, p) => { td.className = "number"; td.textContent = place(p); } },
	];

	let rows, hits; // all as they are sorted, and those of them who were found
	let page = 0, sorted = columns[0], ascending = true;
	let texts; // what is searched, made when somebody searches

	function sort() {
		const sign = ascending ? 1 : -1;
		rows = people.map(p => ({ p, key: sorted.key(p) })).sort((a, b) => a.key < b.key ? -sign : a.key > b.key ? sign : 0).map(o => o.p);
		texts = undefined;
	}

	function find() {
		const words = lower(at("search").value).split(/\s+/).filter(w => w);
		const state = at("state").value, [step, outcome] = at("outcome").value.split(":");
		if (words.length && !texts) texts = rows.map(p => lower([p[NAME], p[INPUT] || "", p[ID] || "", ...kept(p), reason(p), about.outcomes[p[OUTCOME]], FILE in p ? place(p) : ""].join("\n")));
		hits = rows.filter((p, i) =>
			(state === "" || (state === "late" ? p[LATE] : p[STATE] === +state)) &&
			(!outcome || (step === "" ? about.outcomes[p[OUTCOME]] : stepOutcome((p[STEPS] || "")[step] || "-")) === outcome) &&
			words.every(w => texts[i].includes(w)));
		page = 0;
		show();
	}

	function fill(people) {
		const rows = document.createDocumentFragment();
		for (const p of people) {
			const tr = add(rows, "tr", "");
			tr.setAttribute("role", "row");
			for (const c of columns) {
				const td = add(tr, "td", "");
				td.setAttribute("role", "cell");
				td.dataset.label = c.name;
				c.fill(td, p);
			}
		}
		at("rows").replaceChildren(rows);
	}

	function show() {
		const pages = Math.max(1, Math.ceil(hits.length / perPage));
		page = Math.min(Math.max(page, 0), pages - 1);
		fill(hits.slice(page * perPage, (page + 1) * perPage));
		at("hits").textContent = hits.length === people.length ? count(hits.length) + (hits.length === 1 ? " person" : " people")
			: count(hits.length) + " of " + count(people.length) + (people.length === 1 ? " person" : " people");
		at("page").textContent = "Page " + count(page + 1) + " of " + count(pages);
		at("first").disabled = at("previous").disabled = page === 0;
		at("next").disabled = at("last").disabled = page === pages - 1;
	}

	function turn(to) {
		page = to();
		show();
		at("people-section").scrollIntoView();
	}

	function choose(select, options) {
		for (const [value, text, group] of options) {
			const last = select.lastElementChild;
			const into = !group ? select : last && last.label === group ? last : add(select, "optgroup", "", { label: group });
			add(into, "option", text, { value });
		}
	}

	for (const c of columns) {
		const th = add(at("header"), "th", "", { scope: "col", className: c.style || "" });
		th.setAttribute("role", "columnheader");
		th.dataset.label = c.name;
		th.setAttribute("aria-sort", c === sorted ? "ascending" : "none");
		add(th, "button", c.name, { type: "button" }).addEventListener("click", () => {
			ascending = sorted === c ? !ascending : true;
			sorted = c;
			for (const other of at("header").children) other.setAttribute("aria-sort", "none");
			th.setAttribute("aria-sort", ascending ? "ascending" : "descending");
			sort();
			find();
		});
	}
	const tally = key => {
		const all = new Map();
		for (const p of people) all.set(key(p), (all.get(key(p)) || 0) + 1);
		return all;
	};
	const states = tally(p => p[STATE]), outcomes = tally(p => p[OUTCOME]);
	choose(at("state"), [["", "All"], ...about.states.map((s, i) => [i, s + " (" + count(states.get(i) || 0) + ")"]).filter(o => states.has(o[0])),
		...[["late", "Late (" + count(people.filter(p => p[LATE]).length) + ")"]].filter(() => people.some(p => p[LATE]))]);
	choose(at("outcome"), [["", "All"],
		...about.outcomes.map((o, i) => [":" + o, o + " (" + count(outcomes.get(i) || 0) + ")", about.steps.length ? "All steps together" : ""]).filter((o, i) => outcomes.has(i))]);
	about.steps.forEach((step, i) => {
		const of = tally(p => (p[STEPS] || "")[i] || "-");
		choose(at("outcome"), about.outcomes.map((o, j) => [i + ":" + o, step + ": " + o + " (" + count(of.get(String.fromCharCode(97 + j)) || 0) + ")", step])
			.filter((o, j) => of.has(String.fromCharCode(97 + j))));
	});
	for (const button of document.querySelectorAll(".show")) {
		if (![...at("outcome").options].some(o => o.value === button.dataset.filter)) continue;
		button.hidden = false;
		button.addEventListener("click", () => {
			at("search").value = at("state").value = "";
			at("outcome").value = button.dataset.filter;
			find();
			at("people-title").scrollIntoView();
			at("people-title").focus({ preventScroll: true });
		});
	}
	at("search").addEventListener("input", find);
	at("state").addEventListener("change", find);
	at("outcome").addEventListener("change", find);
	document.querySelector("form").addEventListener("submit", e => e.preventDefault());
	document.querySelector("form").addEventListener("reset", () => setTimeout(find));
	at("first").addEventListener("click", () => turn(() => 0));
	at("previous").addEventListener("click", () => turn(() => page - 1));
	at("next").addEventListener("click", () => turn(() => page + 1));
	at("last").addEventListener("click", () => turn(() => Infinity));
	window.addEventListener("beforeprint", () => {
		const missed = hits.filter(p => p[STATE] === MISSED).slice(0, mostMissedPrinted);
		const others = hits.filter(p => p[STATE] !== MISSED).slice(0, Math.max(0, mostPrinted - missed.length));
		const all = missed.length + others.length === hits.length;
		fill(all ? hits : [...missed, ...others]);
		at("printed").textContent = all ? "" : "Printed here: " + about.states[MISSED].toLowerCase() + ", " + count(missed.length) + " of " +
			count(hits.filter(p => p[STATE] === MISSED).length) + "; others, " + count(others.length) + ". report.csv has a line for each row.";
	});
	window.addEventListener("afterprint", show);

	sort();
	at("until").hidden = true;
	at("table").hidden = false;
	find();
})();
