package source

// Open finds out what format a file has, and reads as far as its settings. The error is an
// [*Error], or what reading returned.
func Open(in Input, opt Options) (Source, error) {
	text, settings, err := openText(in, opt)
	if err != nil {
		return nil, err
	}
	return openCSV(text, settings, opt), nil
}
