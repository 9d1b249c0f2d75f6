package source

import (
	"archive/zip"
	"bufio"
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
	if file == nil {
		u.workbook = what == workbookZip
		return u, err
	}
	limit := unpackedLimit(in.Size)
	spool, err := durable.NewSpool(io.LimitReader(file, limit+1))
	if _, disk := errors.AsType[*fs.PathError](err); disk {
		return u, fmt.Errorf("unpack: %w", err)
	} else if err == errBehind {
		return u, &Error{Reason: "other bytes follow the packed data in this gzip file: unpack it with gunzip, which leaves them out, look whether the list is whole, and give that file"}
	} else if err != nil {
		return u, &Error{Reason: fmt.Sprintf("the file is packed (%s) and cannot be unpacked: %v: if it came by a download, that was cut off: get it again", what, err)}
	}
	u.Input, u.close = Input{Name: in.Name, Bytes: spool, Size: spool.Size}, spool.Close
	u.settings = []batch.Setting{{Name: "unpacked", Value: what, Why: fmt.Sprintf("%d bytes of %d", spool.Size, in.Size)}}
	inner, kind, err := openArchive(u.Input)
	if u.workbook = kind == workbookZip; spool.Size > limit {
		err = &Error{Reason: fmt.Sprintf("the file is packed (%s) and holds more than %d MB, which no list of its size does: unpack it first, if you know what it is", what, limit>>20)}
	} else if inner != nil {
		err = &Error{Reason: "there is an archive in the archive: unpack the outer one first"}
	}
	if err != nil {
		spool.Close() // of no use
	}
	return u, err
}

// unpackedLimit is how many bytes an archive of so many may hold.
func unpackedLimit(packed int64) int64 { return min(maxUnpacked, max(allUnpack, maxRatio*packed)) }

// workbookZip is the kind of a zip file that stays as it is.
const workbookZip = "workbook"

// members are those of a gzip file, which it may have several of.
type members struct {
	*gzip.Reader
	from *bufio.Reader
}

var errBehind = errors.New("no gzip member follows")

func (m members) Read(p []byte) (int, error) {
	m.Multistream(false)
	n, err := m.Reader.Read(p)
	if err != io.EOF {
		return n, err
	}
	if _, err := m.from.Peek(1); err != nil {
		return n, err
	}
	if m.Reset(m.from) != nil {
		return n, errBehind
	}
	return n, nil
}

// parts are files that are in a zip file of one kind alone, in lower case, and why that is refused.
var parts = []struct{ name, reason string }{
	{"xl/workbook.xml", ""},
	{"xl/workbook.bin", "this is a binary Excel workbook (.xlsb): open it and save it as .xlsx or as CSV UTF-8"},
	{"content.xml", "this is an OpenDocument file (.ods): open it and save it as .xlsx or as CSV UTF-8"},
	{"word/document.xml", "this is a Word document: put the list into a text file, one user on each line"},
	{"index/document.iwa", "this is an Apple Numbers file: export it as .xlsx or CSV"},
}

// openArchive gives what is packed in a file, and what the archive is: nil and "" for a file that is
// none, nil and workbookZip for a workbook.
func openArchive(in Input) (io.Reader, string, error) {
	bytes := io.NewSectionReader(in.Bytes, 0, in.Size)
	magic := make([]byte, 4)
	n, err := bytes.ReadAt(magic, 0)
	if err != nil && err != io.EOF {
		return nil, "", fmt.Errorf("read the input: %w", err)
	}
	switch magic := string(magic[:n]); {
	case strings.HasPrefix(magic, "\x1F\x8B"):
		from := bufio.NewReader(bytes)
		r, err := gzip.NewReader(from)
		if err != nil {
			return nil, "", &Error{Reason: fmt.Sprintf("this begins as a gzip file and is none: %v: get it again", err)}
		}
		return members{r, from}, "gzip", nil
	case magic != "PK\x03\x04" && magic != "PK\x05\x06": // the second is an empty one
		return nil, "", nil
	}
	archive, err := zip.NewReader(bytes, in.Size)
	if err != nil {
		return nil, "", &Error{Reason: fmt.Sprintf("this begins as a zip file or a workbook and is none: %v: if it came by a download, that was cut off: get it again", err)}
	}
	var file *zip.File
	var names []string
	for _, f := range archive.File {
		name := partName(f.Name)
		for _, p := range parts {
			if name == p.name && p.reason == "" {
				return nil, workbookZip, nil
			} else if name == p.name {
				return nil, "", &Error{Reason: p.reason}
			}
		}
		if !strings.HasSuffix(name, "/") && !strings.HasPrefix(name, "__macosx/") && path.Base(name) != ".ds_store" {
			file, names = f, append(names, fmt.Sprintf("%q", f.Name))
		}
	}
	why := ""
	switch {
	case len(names) == 0:
		why = "this is a zip file without a file in it: get it again"
	case len(names) > 1:
		why = "this is a zip file of " + batch.SomeOf(names[:min(5, len(names))], len(names)) + ": unpack it, and give the files that are meant"
	case file.Flags&1 != 0:
		why = fmt.Sprintf("the file %s in this zip file needs a password: unpack it first", names[0])
	default:
		r, err := file.Open()
		if err == nil {
			return r, "zip: " + names[0], nil
		}
		why = fmt.Sprintf("the file %s in this zip file cannot be unpacked here (%v): unpack it first", names[0], err) // such as a method that is unknown here
	}
	return nil, "", &Error{Reason: why}
}
