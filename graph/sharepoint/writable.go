package sharepoint

import "context"

// checked is the name of a file that is never put into a library.
const checked = "orgstore doctor check.tmp"

// Writable asks whether files can be put into the library, and puts none there:
// it opens an upload session, which SharePoint refuses where writing is, and
// takes it back (documented: createUploadSession).
func (l *Library) Writable(ctx context.Context) error {
	p, err := l.where(ctx)
	if err != nil {
		return err
	}
	u := &upload{l: l, place: p, name: checked}
	address, err := u.begin(ctx)
	if err != nil {
		return err
	}
	u.cancel(ctx, address)
	return nil
}
