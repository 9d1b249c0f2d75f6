// Command pack packs a directory into a .tar.gz or .zip that depends on its files alone:
//
//	go run pack.go FILE DIRECTORY NAME
//
// NAME is the directory in the archive, and SOURCE_DATE_EPOCH the time of everything in it.
package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"io/fs"
	"log"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

// put begins the next file of an archive.
type put func(name string, mode fs.FileMode, size int64) (io.Writer, error)

func main() {
	log.SetFlags(0)
	if err := pack(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatalf("pack %s: %v", os.Args[1], err)
	}
}

func pack(file, dir, name string) error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return err
	}
	at := time.Unix(seconds, 0).UTC()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	next, end := tarball(f, at)
	if strings.HasSuffix(file, ".zip") {
		next, end = zipped(f, at)
	}
	if err := walk(os.DirFS(dir), name, next); err != nil {
		return err
	}
	if err := end(); err != nil {
		return err
	}
	return f.Close()
}

// walk puts all files, in the order of their names.
func walk(files fs.FS, name string, next put) error {
	return fs.WalkDir(files, ".", func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		w, err := next(path.Join(name, at), mode, info.Size())
		if err != nil {
			return err
		}
		src, err := files.Open(at)
		if err != nil {
			return err
		}
		defer src.Close()
		_, err = io.Copy(w, src)
		return err
	})
}

func tarball(f io.Writer, at time.Time) (put, func() error) {
	z, _ := gzip.NewWriterLevel(f, gzip.BestCompression)
	t := tar.NewWriter(z)
	return func(name string, mode fs.FileMode, size int64) (io.Writer, error) {
			return t, t.WriteHeader(&tar.Header{Name: name, Mode: int64(mode), Size: size, ModTime: at})
		}, func() error {
			if err := t.Close(); err != nil {
				return err
			}
			return z.Close()
		}
}

func zipped(f io.Writer, at time.Time) (put, func() error) {
	z := zip.NewWriter(f)
	return func(name string, mode fs.FileMode, _ int64) (io.Writer, error) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at}
		h.SetMode(mode)
		return z.CreateHeader(h)
	}, z.Close
}
