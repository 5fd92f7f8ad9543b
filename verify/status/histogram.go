package status

import "time"

// bounds are the upper ends of a histogram's buckets, in seconds; what takes longer
// is in the last one.
var bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// Histogram counts times. The zero Histogram is ready.
type Histogram struct {
	Counts [len(bounds) + 1]uint64 // of each bucket alone
	Sum    time.Duration
}

func (h *Histogram) observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d.Seconds() > bounds[i] {
		i++
	}
	h.Counts[i]++
	h.Sum += d
}

func (h *Histogram) add(other Histogram) {
	for i, n := range other.Counts {
		h.Counts[i] += n
	}
	h.Sum += other.Sum
}

// Count is how many there were.
func (h Histogram) Count() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Mean is zero when there were none.
func (h Histogram) Mean() time.Duration {
	if n := h.Count(); n > 0 {
		return h.Sum / time.Duration(n)
	}
	return 0
}

// Within is the bound that so large a part of them stayed within, or 0 where that
// is not known: there were none, or they took longer than the last bound.
func (h Histogram) Within(part float64) time.Duration {
	n, seen := h.Count(), uint64(0)
	if n == 0 {
		return 0
	}
	for i, bound := range bounds {
		if seen += h.Counts[i]; float64(seen) >= part*float64(n) {
			return time.Duration(bound * float64(time.Second))
		}
	}
	return 0
}
