package journal

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// op is a kind of operation on a file.
type op string

// grow is a write behind the end of the file, counted beside write.
const (
	opOpen   op = "open"
	opDelete op = "delete"
	opRead   op = "read"
	opWrite  op = "write"
	opGrow   op = "grow"
	opTrunc  op = "truncate"
	opSync   op = "sync"
	opMap    op = "map"
)

// fault makes the n-th operation of its kind fail, from 1; and all after it, if
// it lasts.
type fault struct {
	op    op
	n     int
	lasts bool
	code  int32
	torn  bool // half of the write is made
}

// disk is a directory whose files fail to order, and which knows what of them
// would be left if the power failed now.
type disk struct {
	dir    string
	before func() // before every operation that changes something, with mu held; nil: nothing

	mu    sync.Mutex
	names map[string]*name
	count map[op]int // operations since the last set
	fault *fault
	met   int // operations that failed
}

// set makes the disk fail from now on, or work again (nil), and counts anew.
func (d *disk) set(f *fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.met = f, 0
	clear(d.count)
}

// hit tells how often the fault was met since the last set.
func (d *disk) hit() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.met
}

// fails counts an operation and tells whether it is to fail; nil: not.
func (d *disk) fails(o op) *fault {
	d.count[o]++
	f := d.fault
	if f == nil || f.op != o || d.count[o] < f.n || d.count[o] > f.n && !f.lasts {
		return nil
	}
	d.met++
	return f
}

func (d *disk) change() {
	if d.before != nil {
		d.before()
	}
}

// inode is a file: what the disk has of it for sure, and what was changed
// since, in order.
type inode struct {
	synced []byte
	since  []change
}

// change is a write, or a truncation where data is nil.
type change struct {
	at   int64
	data []byte
}

// name is an entry of the directory. Until the directory is synced, a power
// failure may bring back what it meant before.
type name struct {
	now, old *inode // nil: no such file
	unsure   bool
}

func (d *disk) inode(path string) *inode {
	if n := d.names[path]; n != nil && n.now != nil {
		return n.now
	}
	return &inode{} // deleted while it was open
}

// open tells whether the file is new.
func (d *disk) open(path string, do func() int32) (fresh bool, rc int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.fails(opOpen); f != nil {
		return false, f.code
	}
	content, err := os.ReadFile(path)
	fresh = err != nil
	if fresh {
		d.change()
	}
	if rc = do(); rc != sqlite3.SQLITE_OK {
		return false, rc
	}
	switch n := d.names[path]; {
	case fresh && n == nil:
		d.names[path] = &name{now: &inode{}, unsure: true}
	case fresh:
		n.now, n.unsure = &inode{}, true
	case n == nil: // from the time before the disk was watched
		d.names[path] = &name{now: &inode{synced: content}}
	}
	return fresh, rc
}

func (d *disk) delete(path string, synced bool, do func() int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.fails(opDelete); f != nil {
		return f.code
	}
	d.change()
	rc := do()
	if n := d.names[path]; n != nil && rc == sqlite3.SQLITE_OK {
		if !n.unsure {
			n.old = n.now
		}
		n.now, n.unsure = nil, true
	}
	if synced && rc == sqlite3.SQLITE_OK {
		d.syncDir()
	}
	return rc
}

// dirSynced tells of a sync of the directory that did not come through SQLite.
func (d *disk) dirSynced() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncDir()
}

func (d *disk) syncDir() {
	for _, n := range d.names {
		n.old, n.unsure = nil, false
	}
}

func (d *disk) read(do func() int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.fails(opRead); f != nil {
		return f.code
	}
	return do()
}

func (d *disk) write(path string, data []byte, at int64, do func(n int) int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.fails(opWrite)
	if fi, err := os.Stat(path); f == nil && err == nil && at+int64(len(data)) > fi.Size() {
		f = d.fails(opGrow)
	}
	d.change()
	n := len(data)
	if f != nil {
		if n /= 2; !f.torn {
			return f.code
		}
	}
	rc := do(n)
	if rc == sqlite3.SQLITE_OK {
		i := d.inode(path)
		i.since = append(i.since, change{at, slices.Clone(data[:n])})
	}
	if f != nil {
		return f.code
	}
	return rc
}

func (d *disk) truncate(path string, size int64, do func() int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.fails(opTrunc); f != nil {
		return f.code
	}
	d.change()
	rc := do()
	if rc == sqlite3.SQLITE_OK {
		i := d.inode(path)
		i.since = append(i.since, change{at: size})
	}
	return rc
}

// sync that fails loses what was to be synced: the kernel may mark the pages
// clean that it could not write, and a later sync then finds nothing to do.
func (d *disk) sync(h *handle) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.change()
	i := d.inode(h.path)
	since := i.since
	i.since = nil
	if f := d.fails(opSync); f != nil {
		return f.code
	}
	for _, c := range since {
		i.synced = c.apply(i.synced)
	}
	if h.dir {
		h.dir = false
		d.syncDir()
	}
	return sqlite3.SQLITE_OK
}

func (d *disk) shmMap(do func() int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.fails(opMap); f != nil {
		return f.code
	}
	return do()
}

func (c change) apply(b []byte) []byte {
	size := int(c.at) + len(c.data)
	if c.data == nil {
		return b[:min(size, len(b))]
	}
	if size > len(b) {
		b = append(b, make([]byte, size-len(b))...)
	}
	copy(b[c.at:], c.data)
	return b
}

// sector is what a disk writes whole, mostly.
const sector = 512

// maybe is what may be left of a change that was not synced: all, nothing, or
// some of its sectors, the last of them torn or garbage.
func (c change) maybe(r *rand.Rand, b []byte) []byte {
	switch r.IntN(3) {
	case 0:
		return b
	case 1:
		return c.apply(b)
	}
	for at := 0; at < len(c.data); at += sector {
		part := slices.Clone(c.data[at:min(at+sector, len(c.data))])
		switch r.IntN(8) {
		case 0:
			part = part[:1+r.IntN(len(part))]
		case 1:
			for i := range part {
				part[i] = byte(r.Uint32())
			}
		case 2, 3, 4:
			continue
		}
		b = change{c.at + int64(at), part}.apply(b)
	}
	return b
}

// image makes in dir what a power failure would leave: all that was synced, and
// by chance some of the rest. Without chance nothing of the rest is left. It is
// for before, or for a disk at rest.
func (d *disk) image(t testing.TB, r *rand.Rand, dir string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(d.names)) {
		n := d.names[path]
		i := n.now
		if n.unsure && (r == nil || r.IntN(2) == 0) {
			i = n.old
		}
		if i == nil {
			continue
		}
		b := slices.Clone(i.synced)
		for _, c := range i.since {
			if r != nil {
				b = c.maybe(r, b)
			}
		}
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600))
	}
}

// remains makes in dir what a process leaves that dies now: all that it wrote,
// without the shared memory.
func (d *disk) remains(t testing.TB, dir string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for path, n := range d.names {
		if n.now == nil {
			continue
		}
		b, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), b, 0o600))
	}
}
