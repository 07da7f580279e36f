package engine

import (
	"errors"
)

func IgnoreError(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}
