package sample

import "testing"

func TestLeast(t *testing.T) {
	if Least(1, 2) != 1 || Least(2, 1) != 1 {
		t.Error("not the least")
	}
}

func TestIsBetween(t *testing.T) {
	if !IsBetween(1, 1, 3) || IsBetween(4, 1, 3) || IsBetween(0, 1, 3) {
		t.Error("not between")
	}
}

// A wrong count takes for ever.
func TestCountDown(t *testing.T) {
	for CountDown(3) != 3 {
	}
}
