package graphsim

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

const (
	jsonType = "application/json"
	itemType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
)

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), jsonType)
}

// retryAfter writes a wait in seconds, rounded up; a quarter of the replies
// has decimals, as in the documentation's batch sample ("2.128").
func retryAfter(rng *rand.Rand, wait time.Duration) string {
	if rng.IntN(4) == 0 {
		ms := (wait + time.Millisecond - 1) / time.Millisecond
		return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64)
	}
	return strconv.Itoa(int((wait + time.Second - 1) / time.Second))
}

// retryAfterName varies the case of the header's name, which Graph's own pages
// spell both ways.
func retryAfterName(rng *rand.Rand) string {
	name := "Retry-After"
	if rng.IntN(2) == 0 {
		name = strings.ToLower(name)
	}
	return name
}
