package sharepoint

import "context"

// probeFileName is the name of a file that is never put into a library.
const probeFileName = "orgstore doctor check.tmp"

// CheckWritable asks whether files can be put into the library, and puts none there:
// it opens an upload session, which SharePoint refuses where writing is, and
// takes it back (documented: createUploadSession).
func (l *Library) CheckWritable(ctx context.Context) error {
	p, err := l.resolvePlace(ctx)
	if err != nil {
		return err
	}
	u := &upload{library: l, place: p, name: probeFileName}
	address, err := u.openSession(ctx)
	if err != nil {
		return err
	}
	u.cancelSession(ctx, address)
	return nil
}
