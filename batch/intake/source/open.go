package source

import (
	"errors"

	"offboard/batch"
)

// Open takes the file out of its archive, finds out what format it has, and reads as far as
// its settings. The error is an [*Error], or what reading returned.
func Open(in Input, opt Options) (Source, error) {
	u, err := unpack(in)
	if err != nil {
		return nil, err
	}
	src, err := openUnpacked(u, opt)
	if err != nil {
		u.close() // the error says more
		return nil, err
	}
	return opened{src, u}, nil
}

func openUnpacked(u unpacked, opt Options) (Source, error) {
	switch {
	case u.workbook && opt.Encoding != "":
		return nil, &Error{Option: "--encoding", Reason: "a workbook says itself how its text is encoded: leave --encoding out"}
	case u.workbook:
		return openWorkbook(u.Input, opt)
	}
	text, settings, err := openText(u.Input, opt)
	if err != nil {
		return nil, err
	}
	if sample, _ := text.Peek(sampleSize); looksLikeJSON(sample) {
		return openJSON(u.Input, opt)
	}
	if opt.Sheet != "" {
		return nil, &Error{Option: "--sheet", Reason: "the file is no workbook, and has no sheets: leave --sheet out"}
	}
	if !opt.Table {
		if list, err := openList(text, settings); list != nil || err != nil {
			return list, err
		}
	}
	return openCSV(text, settings, opt), nil
}

// opened is a source with the file that was unpacked for it.
type opened struct {
	Source
	unpacked unpacked
}

func (o opened) Settings() []batch.Setting {
	return append(o.unpacked.settings, o.Source.Settings()...)
}

func (o opened) Close() error { return errors.Join(o.Source.Close(), o.unpacked.close()) }
