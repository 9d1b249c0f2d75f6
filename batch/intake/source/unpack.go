package source

import (
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"offboard/batch"
	"offboard/batch/durable"
)

const (
	maxUnpacked = 2 << 30  // bytes of a file that was packed
	allUnpack   = 64 << 20 // bytes that any archive may hold
	maxRatio    = 200      // bytes for each byte of a larger archive; lists reach about 20
)

// unpacked is a file that was taken out of its archive, or stands as it was given.
type unpacked struct {
	Input
	settings []batch.Setting // say out of what it was taken
	workbook bool            // it is an .xlsx workbook
	close    func() error    // frees what holds the file
}

// unpack takes a file out of a gzip file or a zip file of one file. That may be a workbook,
// and no second archive.
func unpack(in Input) (unpacked, error) {
	u := unpacked{Input: in, close: func() error { return nil }}
	file, what, err := openArchive(in)
	if errors.Is(err, errWorkbook) || err == nil && file == nil {
		u.workbook = err != nil
		return u, nil
	} else if err != nil {
		return u, err
	}
	defer file.Close() // only read from
	limit := unpackedLimit(in.Size)
	spool, err := durable.NewSpool(io.LimitReader(file, limit+1))
	if _, disk := errors.AsType[*fs.PathError](err); disk {
		return u, fmt.Errorf("unpack: %w", err)
	} else if err != nil {
		return u, &Error{Reason: fmt.Sprintf("the file is packed (%s) and cannot be unpacked: %v: if it came by a download, that was cut off: get it again", what, err)}
	}
	u.Input, u.close = Input{Name: in.Name, Bytes: spool, Size: spool.Size}, spool.Close
	u.settings = []batch.Setting{{Name: "unpacked", Value: what, Why: fmt.Sprintf("%d bytes of %d", spool.Size, in.Size)}}
	if spool.Size > limit {
		err = &Error{Reason: fmt.Sprintf("the file is packed (%s) and holds more than %d MB, which no list of its size does: unpack it first, if you know what it is", what, limit>>20)}
	} else if file, _, err = openArchive(u.Input); errors.Is(err, errWorkbook) {
		u.workbook, err = true, nil
	} else if file != nil {
		file.Close() // only read from
		err = &Error{Reason: "there is an archive in the archive: unpack the outer one first"}
	}
	if err != nil {
		spool.Close() // of no use
	}
	return u, err
}

// unpackedLimit is how many bytes an archive of so many may hold.
func unpackedLimit(packed int64) int64 { return min(maxUnpacked, max(allUnpack, maxRatio*packed)) }

// errWorkbook is not an error but what a zip file is.
var errWorkbook = errors.New("this is a workbook")

// parts are files that are in a zip file of one kind alone, in lower case.
var parts = []struct {
	name string
	err  error
}{
	{"xl/workbook.xml", errWorkbook},
	{"xl/workbook.bin", &Error{Reason: "this is a binary Excel workbook (.xlsb): open it and save it as .xlsx or as CSV UTF-8"}},
	{"content.xml", &Error{Reason: "this is an OpenDocument file (.ods): open it and save it as .xlsx or as CSV UTF-8"}},
	{"word/document.xml", &Error{Reason: "this is a Word document: put the list into a text file, one user on each line"}},
	{"index/document.iwa", &Error{Reason: "this is an Apple Numbers file: export it as .xlsx or CSV"}},
}

// openArchive gives what is packed in a file and what the archive is, and nil for a file that is no
// archive.
func openArchive(in Input) (io.ReadCloser, string, error) {
	magic := make([]byte, 4)
	n, err := in.Bytes.ReadAt(magic, 0)
	if err != nil && err != io.EOF {
		return nil, "", fmt.Errorf("read the input: %w", err)
	}
	switch magic := string(magic[:n]); {
	case strings.HasPrefix(magic, "\x1F\x8B"):
		r, err := gzip.NewReader(io.NewSectionReader(in.Bytes, 0, in.Size))
		if err != nil {
			return nil, "", &Error{Reason: fmt.Sprintf("this begins as a gzip file and is none: %v: get it again", err)}
		}
		return r, "gzip", nil
	case magic != "PK\x03\x04" && magic != "PK\x05\x06": // the second is an empty one
		return nil, "", nil
	}
	archive, err := zip.NewReader(in.Bytes, in.Size)
	if err != nil {
		return nil, "", &Error{Reason: fmt.Sprintf("this begins as a zip file or a workbook and is none: %v: if it came by a download, that was cut off: get it again", err)}
	}
	var files []*zip.File
	var names []string
	for _, f := range archive.File {
		name := strings.ReplaceAll(f.Name, `\`, "/")
		for _, p := range parts {
			if strings.EqualFold(strings.TrimPrefix(name, "/"), p.name) {
				return nil, "", p.err
			}
		}
		if !strings.HasSuffix(name, "/") && !strings.HasPrefix(name, "__MACOSX/") && path.Base(name) != ".DS_Store" {
			files, names = append(files, f), append(names, fmt.Sprintf("%q", f.Name))
		}
	}
	switch {
	case len(files) == 0:
		return nil, "", &Error{Reason: "this is a zip file without a file in it: get it again"}
	case len(files) > 1:
		return nil, "", &Error{Reason: "this is a zip file of " + batch.SomeOf(names[:min(5, len(names))], len(names)) + ": unpack it, and give the files that are meant"}
	case files[0].Flags&1 != 0:
		return nil, "", &Error{Reason: fmt.Sprintf("the file %s in this zip file needs a password: unpack it first", names[0])}
	}
	r, err := files[0].Open()
	if err != nil { // such as a method that is unknown here
		return nil, "", &Error{Reason: fmt.Sprintf("the file %s in this zip file cannot be unpacked here (%v): unpack it first", names[0], err)}
	}
	return r, "zip: " + names[0], nil
}
