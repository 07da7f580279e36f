package localapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/flock"

	"github.com/orgstore/orgstore/packages/disk/ownership"
)

// members is the mode of the socket: the agent's account, and its group.
const members fs.FileMode = 0o660

// maxPath bounds the path of a socket, in bytes: the kernel takes 107, and a
// socket is made under a longer name.
const maxPath = 100

// An Answer carries out what a caller asks for. It ends when its context does.
type Answer func(context.Context, Caller, Request) Reply

// A Server listens.
type Server struct {
	file     string
	lock     *flock.Flock
	listener net.Listener
	line     *line
}

// Listen begins to listen, for the account and the group of this process. What a
// process that was killed left there is replaced; from a process that lives the
// socket is never taken: then the error is ErrTaken. Serve, or Close, ends it.
func Listen(file string) (*Server, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	if err := usable(file); err != nil {
		return nil, err
	}
	// The lock ends with the process, however that ends. Only who holds it touches
	// the socket, so what lies there then is nobody's.
	s := &Server{file: file, lock: flock.New(file + ".lock"), line: newLine()}
	switch held, err := s.lock.TryLock(); {
	case err != nil:
		return nil, err
	case !held:
		return nil, errors.Join(ErrTaken, s.lock.Close())
	}
	var err error
	if s.listener, err = s.open(); err != nil {
		return nil, errors.Join(err, s.lock.Unlock())
	}
	return s, nil
}

// usable refuses places where a socket cannot be, or where others than its owner
// could put another one.
func usable(file string) error {
	if len(file) > maxPath {
		return fmt.Errorf("%s is longer than %d bytes", file, maxPath)
	}
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there, and is no socket", file)
	}
	if why := ownership.Check(filepath.Dir(file), ownership.Use{}); why != nil {
		return fmt.Errorf("the folder of %s is not safe: %w", file, why)
	}
	return nil
}

// open makes the socket under another name, and gives it the one that callers know
// when it has its mode: until then nobody may call.
func (s *Server) open() (net.Listener, error) {
	made := s.file + ".new"
	if err := os.Remove(made); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it will have another name
	err = os.Chmod(made, members)
	if err == nil {
		err = os.Rename(made, s.file)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close takes the socket away.
func (s *Server) Close() error {
	_ = s.listener.Close() // Serve may have closed it
	return errors.Join(os.Remove(s.file), s.lock.Unlock())
}

// Serve serves callers until ctx ends, and takes the socket away. What callers do
// to their own calls is no error; told hears of what nobody expects.
func (s *Server) Serve(ctx context.Context, answer Answer, told io.Writer) error {
	h := &http.Server{
		Handler:           s.handler(answer),
		ReadHeaderTimeout: readTime, ReadTimeout: readTime, MaxHeaderBytes: 4 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, callerKey{}, c.(*call).by)
		},
		ErrorLog: log.New(told, "", 0),
	}
	h.SetKeepAlivesEnabled(false) // a call is one request
	done := make(chan error, 1)
	go func() { done <- h.Serve(&door{s.listener, s.line, h.ErrorLog}) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = shut(h)
		<-done
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, s.Close())
}

// shut waits for calls that have begun: their contexts have ended, so that takes
// long only where an answer is not taken.
func shut(h *http.Server) error {
	soon, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := h.Shutdown(soon); err != nil {
		return h.Close()
	}
	return nil
}

type callerKey struct{}

// A door lets callers in whom the kernel names, and not too many of them.
type door struct {
	net.Listener
	line *line
	log  *log.Logger
}

// A call is a connection of a caller.
type call struct {
	net.Conn
	by    Caller
	leave func()
}

func (c *call) Close() error {
	c.leave()
	return c.Conn.Close()
}

// Accept waits for the next caller. Who cannot be named, or is one too many, is
// turned away without a word.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		by, err := peer(c)
		switch {
		case err != nil:
			d.log.Printf("a caller was turned away: %v", err)
		case d.line.join(by.UID):
			return &call{c, by, sync.OnceFunc(func() { d.line.leave(by.UID) })}, nil
		}
		_ = c.Close() // the next may be another's
	}
}

func (s *Server) handler(answer Answer) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, answer) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusNotFound, Reply{Refused: Refuse("version", "let both be of one version: after an update start the agent again, with orgstore service stop and start",
			"the agent that runs is of another version of orgstore than this program")})
	})
	return mux
}

// serve reads a request, waits for its turn, and sends what came of it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, answer Answer) {
	by, _ := r.Context().Value(callerKey{}).(Caller)
	request, err := parse(r.Body)
	if err != nil {
		send(w, http.StatusBadRequest, Reply{Refused: Refuse("request", "let the program and the agent be of one version", "the agent does not understand the request: %v", err)})
		return
	}
	// From here on reading only tells that the caller has gone.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	ctx, cancel := context.WithTimeout(r.Context(), maxTime)
	defer cancel()
	done, err := s.line.turn(ctx, by.UID)
	if err != nil {
		send(w, http.StatusServiceUnavailable, Reply{Refused: Refuse("busy", "try again in a minute", "the agent is busy with other callers")})
		return
	}
	// Until the answer is taken: answers that nobody takes would fill the memory.
	defer done()
	reply := answer(ctx, by, request)
	if len(reply.Answer) > MaxAnswer {
		reply = Reply{Refused: Refuse("too_long", "ask for less: one visual, or one store", "the answer is longer than %d bytes", MaxAnswer)}
	}
	send(w, http.StatusOK, reply)
}

// send sends an answer. Whoever does not take it in time gets no more of it; the
// time begins when it is written down.
func send(w http.ResponseWriter, status int, r Reply) {
	text, err := json.Marshal(r)
	if err != nil { // questions are text of this program
		status, text = http.StatusInternalServerError, nil
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTime))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who asked has gone: nobody to tell
}
