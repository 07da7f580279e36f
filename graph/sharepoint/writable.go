package sharepoint

import "context"

// probeFileName is the name of a file that is never created.
const probeFileName = "orgstore doctor check.tmp"

// CheckWritable checks whether files can be uploaded to the library, without
// uploading one. It opens an upload session, which SharePoint refuses if the
// library cannot be written, and cancels it (documented: createUploadSession).
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
