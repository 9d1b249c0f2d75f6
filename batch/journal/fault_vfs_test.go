package journal

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A layer under SQLite, as its own tests have one (https://sqlite.org/testing.html,
// "I/O Error Testing" and "Crash Testing"). It is a copy of the platform's VFS
// in which opening and deleting go through a disk first, and every file opened
// in that disk's directory has a copy of its methods with the same detour. Files
// elsewhere are not touched.

// disks are the directories watched, by path.
var disks sync.Map // string to *disk

// opened are the files open on one of them, by SQLite's sqlite3_file.
var opened sync.Map // uintptr to *handle

// handle is a file that SQLite has open.
type handle struct {
	d    *disk
	path string
	real *sqlite3.Tsqlite3_io_methods
	dir  bool // its first sync syncs the directory, as SQLite does for a new log
}

// in is what stands at an address of SQLite's.
func in[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// fn is the function behind one of SQLite's function pointers.
func fn[F any](p uintptr) F { return *in[F](uintptr(unsafe.Pointer(&p))) }

// ptr is a function pointer for SQLite; f must live for ever.
func ptr(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }

type (
	openFunc   = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	deleteFunc = func(*libc.TLS, uintptr, uintptr, int32) int32
	closeFunc  = func(*libc.TLS, uintptr) int32
	moveFunc   = func(*libc.TLS, uintptr, uintptr, int32, sqlite3.Tsqlite3_int64) int32 // read and write
	truncFunc  = func(*libc.TLS, uintptr, sqlite3.Tsqlite3_int64) int32
	mapFunc    = func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32
)

// platform is the VFS that everything ends in.
var platform *sqlite3.Tsqlite3_vfs

// layer registers the layer as everybody's VFS, once.
var layer = sync.OnceValue(func() error {
	db, err := sql.Open("sqlite", ":memory:") // the driver first sets SQLite up
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Ping(); err != nil {
		return err
	}
	tls := libc.NewTLS()
	platform = in[sqlite3.Tsqlite3_vfs](sqlite3.Xsqlite3_vfs_find(tls, 0))
	name, err := libc.CString("fault")
	if err != nil {
		return err
	}
	at := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*platform)))
	v := in[sqlite3.Tsqlite3_vfs](at)
	*v = *platform
	v.FpNext, v.FzName = 0, name
	v.FxOpen, v.FxDelete = ptr(layerOpen), ptr(layerDelete)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, at, 1); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("register VFS: %d", rc)
	}
	return nil
})

// methods are the tables made by detours, by the table that they stand for.
var methods sync.Map // uintptr to uintptr

// watch puts a disk under a directory, until the test ends.
func watch(t testing.TB, dir string) *disk {
	t.Helper()
	must(t, layer())
	dir, err := filepath.EvalSymlinks(dir)
	must(t, err)
	d := &disk{dir: dir, names: map[string]*name{}, count: map[op]int{}}
	disks.Store(dir, d)
	t.Cleanup(func() { disks.Delete(dir) })
	return d
}

func watched(path string) *disk {
	d, ok := disks.Load(filepath.Dir(path))
	if !ok {
		return nil
	}
	return d.(*disk)
}

// detours gives a table of methods that lead through a disk. It stands in
// SQLite's own memory, where the race detector lets it be pointed at, and stays.
func detours(tls *libc.TLS, table uintptr) uintptr {
	if made, ok := methods.Load(table); ok {
		return made.(uintptr)
	}
	at := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	m := in[sqlite3.Tsqlite3_io_methods](at)
	*m = *in[sqlite3.Tsqlite3_io_methods](table)
	m.FxClose, m.FxRead, m.FxWrite = ptr(layerClose), ptr(layerRead), ptr(layerWrite)
	m.FxTruncate, m.FxSync, m.FxShmMap = ptr(layerTruncate), ptr(layerSync), ptr(layerMap)
	made, _ := methods.LoadOrStore(table, at)
	return made.(uintptr)
}

func layerOpen(tls *libc.TLS, vfs, path, file uintptr, flags int32, out uintptr) int32 {
	real := fn[openFunc](platform.FxOpen)
	var d *disk
	if path != 0 {
		d = watched(libc.GoString(path))
	}
	if d == nil {
		return real(tls, vfs, path, file, flags, out)
	}
	h := &handle{d: d, path: libc.GoString(path)}
	fresh, rc := d.open(h.path, func() int32 { return real(tls, vfs, path, file, flags, out) })
	if rc != sqlite3.SQLITE_OK {
		in[sqlite3.Tsqlite3_file](file).FpMethods = 0 // nothing to close
		return rc
	}
	h.dir = fresh && flags&(sqlite3.SQLITE_OPEN_WAL|sqlite3.SQLITE_OPEN_MAIN_JOURNAL) != 0
	f := in[sqlite3.Tsqlite3_file](file)
	h.real = in[sqlite3.Tsqlite3_io_methods](f.FpMethods)
	opened.Store(file, h)
	f.FpMethods = detours(tls, f.FpMethods)
	return rc
}

func layerDelete(tls *libc.TLS, vfs, path uintptr, dir int32) int32 {
	real := func() int32 { return fn[deleteFunc](platform.FxDelete)(tls, vfs, path, dir) }
	if d := watched(libc.GoString(path)); d != nil {
		return d.delete(libc.GoString(path), dir != 0, real)
	}
	return real()
}

func handleOf(file uintptr) *handle {
	h, _ := opened.Load(file)
	return h.(*handle)
}

func layerClose(tls *libc.TLS, file uintptr) int32 {
	h := handleOf(file)
	opened.Delete(file)
	return fn[closeFunc](h.real.FxClose)(tls, file)
}

func layerRead(tls *libc.TLS, file, buf uintptr, n int32, at sqlite3.Tsqlite3_int64) int32 {
	h := handleOf(file)
	return h.d.read(func() int32 { return fn[moveFunc](h.real.FxRead)(tls, file, buf, n, at) })
}

func layerWrite(tls *libc.TLS, file, buf uintptr, n int32, at sqlite3.Tsqlite3_int64) int32 {
	h := handleOf(file)
	return h.d.write(h.path, unsafe.Slice(in[byte](buf), n), at, func(n int) int32 {
		return fn[moveFunc](h.real.FxWrite)(tls, file, buf, int32(n), at)
	})
}

func layerTruncate(tls *libc.TLS, file uintptr, size sqlite3.Tsqlite3_int64) int32 {
	h := handleOf(file)
	return h.d.truncate(h.path, size, func() int32 { return fn[truncFunc](h.real.FxTruncate)(tls, file, size) })
}

// layerSync leaves the real disk alone: what a power failure would leave is
// known here, and the tests are faster by much.
func layerSync(_ *libc.TLS, file uintptr, _ int32) int32 {
	h := handleOf(file)
	return h.d.sync(h)
}

func layerMap(tls *libc.TLS, file uintptr, region, size, extend int32, out uintptr) int32 {
	h := handleOf(file)
	return h.d.shmMap(func() int32 {
		return fn[mapFunc](h.real.FxShmMap)(tls, file, region, size, extend, out)
	})
}
