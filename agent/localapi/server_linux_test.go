package localapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The accounts of these tests, and the group that some are in.
const (
	alice, bob, mallory = 7001, 7002, 7003
	group               = 7100
)

// as does something under another account: only this one thread is that account's,
// and it ends with that.
func as(t *testing.T, uid int, groups []int, do func()) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends here
		err := become(uid, groups)
		if err == nil {
			do()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// become changes the account of this thread alone.
func become(uid int, groups []int) error {
	list := make([]uint32, len(groups)+1)
	for i, g := range groups {
		list[i] = uint32(g)
	}
	for _, c := range [][4]uintptr{
		{unix.SYS_SETGROUPS, uintptr(len(groups)), pointer(list), 0},
		{unix.SYS_SETRESGID, uintptr(uid), uintptr(uid), uintptr(uid)},
		{unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)},
	} {
		if _, _, errno := syscall.RawSyscall(c[0], c[1], c[2], c[3]); errno != 0 {
			return errno
		}
	}
	return nil
}

// place makes a folder that everybody can see, for a socket of the group.
func place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if os.Getuid() != 0 {
		return filepath.Join(dir, "orgstore.sock")
	}
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := os.Chown(dir, 0, group)
	if err == nil {
		err = os.Chmod(dir, 0o755|os.ModeSetgid) // what is made in it is the group's
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "orgstore.sock")
}

// serving serves until the test ends.
func serving(t *testing.T, answer Answer) string {
	t.Helper()
	file := place(t)
	s, err := Listen(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, answer, io.Discard) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("it ended with %v", err)
		}
		if _, err := os.Lstat(file); err == nil {
			t.Error("the socket is left behind")
		}
	})
	return file
}

// who answers with who asks.
func who(_ context.Context, by Caller, q Request) Reply {
	return Reply{Answer: fmt.Appendf(nil, `[%d,%q]`, by.UID, q.Operation)}
}

func self() uint32 { return uint32(os.Getuid()) }

func TestTheKernelSaysWhoCalls(t *testing.T) {
	file := serving(t, who)
	r, err := Call(t.Context(), file, self(), Request{Operation: "plan"})
	if err != nil || string(r.Answer) != fmt.Sprintf(`[%d,"plan"]`, self()) {
		t.Errorf("%+v, %v", r, err)
	}
	for _, uid := range []int{alice, bob} {
		as(t, uid, []int{group}, func() {
			r, err := Call(t.Context(), file, 0, Request{Operation: "plan"})
			if err != nil || string(r.Answer) != fmt.Sprintf(`[%d,"plan"]`, uid) {
				t.Errorf("%d is taken for %s, %v", uid, r.Answer, err)
			}
		})
	}
}

// Who is not in the group never reaches the agent.
func TestOutsidersAreKeptOutByTheKernel(t *testing.T) {
	file := serving(t, who)
	as(t, mallory, []int{mallory}, func() {
		if _, err := Call(t.Context(), file, 0, Request{}); !errors.Is(err, ErrOutside) {
			t.Errorf("somebody outside: %v", err)
		}
	})
	if got := Group(file); got != fmt.Sprint(group) {
		t.Errorf("the group is %q", got)
	}
}

// The account that stands for all whom a namespace does not know is nobody's.
func TestWhoCannotBeNamedIsTurnedAway(t *testing.T) {
	file := serving(t, who)
	as(t, int(overflow()), []int{group}, func() {
		var refused *Refusal
		if r, err := Call(t.Context(), file, 0, Request{}); !errors.As(err, &refused) || refused.Code() != "socket.cut" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// Whoever listens in the agent's place learns nothing.
func TestStrangersAreToldNothing(t *testing.T) {
	file := place(t)
	var l net.Listener
	if err := os.Chmod(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	as(t, mallory, nil, func() {
		var err error
		if l, err = net.Listen("unix", file); err != nil {
			t.Error(err)
		}
	})
	if l == nil {
		t.Fatal("nobody listens")
	}
	defer l.Close()
	heard := make(chan int64, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		n, _ := io.Copy(io.Discard, c)
		_ = c.Close()
		heard <- n
	}()
	if _, err := Call(t.Context(), file, alice, Request{Operation: "approve"}); !errors.Is(err, ErrStranger) {
		t.Errorf("got %v", err)
	}
	if n := <-heard; n != 0 {
		t.Errorf("the stranger heard %d bytes", n)
	}
}

// raw sends bytes and returns the beginning of what comes back.
func raw(t *testing.T, file, text string) string {
	t.Helper()
	c, err := net.Dial("unix", file)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, text) // it may be cut off before its end
	b, _ := io.ReadAll(io.LimitReader(c, 4096))
	return string(b)
}

func post(body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: orgstore\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// Nothing that a caller writes makes it somebody else, or another protocol.
func TestCraftedBytes(t *testing.T) {
	var served atomic.Int32
	file := serving(t, func(ctx context.Context, by Caller, q Request) Reply {
		served.Add(1)
		return who(ctx, by, q)
	})
	for name, text := range crafted {
		if got := raw(t, file, post(text)); !strings.Contains(got, "socket.request") {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, text := range map[string]string{
		"another version": strings.Replace(post(usual), "/v2/", "/v1/", 1),
		"another method":  strings.Replace(post(usual), "POST", "GET", 1),
		"another path":    strings.Replace(post(usual), path, "/", 1),
	} {
		if got := raw(t, file, text); !strings.Contains(got, "socket.version") {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, text := range map[string]string{
		"no HTTP":      "hello, I am root\r\n\r\n",
		"long headers": "POST " + path + " HTTP/1.1\r\nHost: orgstore\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
	} {
		if got := raw(t, file, text); got != "" && !strings.HasPrefix(got, "HTTP/1.1 4") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if n := served.Load(); n != 0 {
		t.Errorf("%d of them were served", n)
	}
	named := strings.Replace(post(usual), "Host: orgstore\r\n", "Host: orgstore\r\nX-Remote-User: root\r\nForwarded: for=root\r\nAuthorization: Basic cm9vdDo=\r\n", 1)
	as(t, alice, []int{group}, func() {
		if got := raw(t, file, named); !strings.Contains(got, `"answer":[7001,`) {
			t.Errorf("headers: %q", got)
		}
	})
}

// A caller who sends without end, says nothing, or takes no answer holds up nobody
// else.
func TestRudeCallers(t *testing.T) {
	big := []byte(`"` + strings.Repeat("x", 4<<20) + `"`) // more than a socket keeps
	file := serving(t, func(ctx context.Context, by Caller, q Request) Reply {
		if q.Operation == "history" {
			return Reply{Answer: big}
		}
		return who(ctx, by, q)
	})
	var rude sync.WaitGroup
	open := func(text string) net.Conn {
		c, err := net.Dial("unix", file)
		if err != nil {
			t.Error(err)
			return nil
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = io.WriteString(c, text)
		return c
	}
	as(t, mallory, []int{group}, func() {
		for range 20 {
			open("")                                    // nothing
			open("POST " + path + " HTTP/1.1\r\nHost:") // half of something
		}
		for range 6 {
			open(post(strings.Replace(usual, "decide", "history", 1))) // takes nothing
		}
		flood := open("POST " + path + " HTTP/1.1\r\nHost: orgstore\r\nTransfer-Encoding: chunked\r\n\r\n")
		rude.Go(func() {
			chunk := []byte("100000\r\n" + strings.Repeat("x", 1<<20) + "\r\n")
			for sent := 0; ; sent += len(chunk) {
				if _, err := flood.Write(chunk); err != nil {
					return
				}
				if sent > 1<<30 {
					t.Error("a gigabyte was taken")
					return
				}
			}
		})
	})
	rude.Wait()
	for range 5 {
		if r, err := Call(t.Context(), file, self(), Request{Operation: "plan"}); err != nil || string(r.Answer) != fmt.Sprintf(`[%d,"plan"]`, self()) {
			t.Errorf("a polite caller is answered with %+v, %v", r, err)
		}
	}
}

func TestTheLongestAnswerIsWhole(t *testing.T) {
	big := []byte(`"` + strings.Repeat("x", MaxAnswer-2) + `"`)
	file := serving(t, func(context.Context, Caller, Request) Reply { return Reply{Answer: big} })
	if r, err := Call(t.Context(), file, self(), Request{}); err != nil || !bytes.Equal(r.Answer, big) {
		t.Errorf("a long answer is cut: %d bytes, %v", len(r.Answer), err)
	}
}

func TestAnOversizeAnswerIsRefused(t *testing.T) {
	big := []byte(`"` + strings.Repeat("x", MaxAnswer) + `"`)
	file := serving(t, func(context.Context, Caller, Request) Reply { return Reply{Answer: big} })
	var refused *Refusal
	if r, err := Call(t.Context(), file, self(), Request{}); !errors.As(err, &refused) || refused.Code() != "socket.too_long" {
		t.Errorf("an oversize answer arrives with %d bytes, %v", len(r.Answer), err)
	}
}

// A hundred at once are all served, few of them at the same time.
func TestAHundredCallers(t *testing.T) {
	var now, most atomic.Int32
	file := serving(t, func(ctx context.Context, by Caller, q Request) Reply {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(time.Millisecond)
		return who(ctx, by, q)
	})
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if r, err := Call(t.Context(), file, self(), Request{}); err != nil || len(r.Answer) == 0 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	all.Wait()
	if n := most.Load(); n > eachAtOnce {
		t.Errorf("%d of one account were served at once", n)
	}
}

// More than a few hundred are turned away, and are served when the others are gone.
func TestTooManyCallers(t *testing.T) {
	file := serving(t, who)
	var conns []net.Conn
	for range maxEach {
		c, err := net.Dial("unix", file)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	var refused *Refusal
	if _, err := Call(t.Context(), file, self(), Request{}); !errors.As(err, &refused) {
		t.Errorf("one too many: %v", err)
	}
	as(t, alice, []int{group}, func() {
		if _, err := Call(t.Context(), file, 0, Request{}); err != nil {
			t.Errorf("somebody else: %v", err)
		}
	})
	for _, c := range conns {
		_ = c.Close()
	}
	for {
		_, err := Call(t.Context(), file, self(), Request{})
		if err == nil {
			return
		}
		if !errors.As(err, &refused) {
			t.Fatalf("afterwards: %v", err)
		}
	}
}

// Two accounts with as many connections as they can get keep nobody else out, and who
// sends nothing, or a byte now and then, is dropped after a few seconds.
func TestSlowCallersKeepNobodyOut(t *testing.T) {
	file := serving(t, who)
	var slow sync.WaitGroup
	for _, uid := range []int{alice, mallory} {
		as(t, uid, []int{group}, func() {
			for n := range maxEach + 20 {
				c, err := net.Dial("unix", file)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Close() })
				if n > 0 {
					continue
				}
				slow.Go(func() {
					began := time.Now()
					for _, b := range []byte("POST " + path + " HTTP/1.1\r\nHost: orgstore\r\nContent-Length: 60000\r\n\r\n") {
						if _, err := c.Write([]byte{b}); err != nil {
							break
						}
						time.Sleep(100 * time.Millisecond)
					}
					_, _ = io.ReadAll(c)
					if took := time.Since(began); took > 3*readTime {
						t.Errorf("a slow sender was borne for %s", took)
					}
				})
			}
		})
	}
	as(t, bob, []int{group}, func() {
		if _, err := Call(t.Context(), file, 0, Request{}); err != nil {
			t.Errorf("somebody else: %v", err)
		}
	})
	slow.Wait()
}

// Ctrl-C at the caller ends what the agent does for it.
func TestACallerWhoGoesEndsIt(t *testing.T) {
	begun, ended := make(chan bool), make(chan error, 1)
	file := serving(t, func(ctx context.Context, _ Caller, _ Request) Reply {
		close(begun)
		<-ctx.Done()
		ended <- ctx.Err()
		return Reply{}
	})
	ctx, stop := context.WithCancel(t.Context())
	go func() { <-begun; stop() }()
	if _, err := Call(ctx, file, self(), Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller got %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the agent got %v", err)
	}
}

// What panics for one caller serves the next.
func TestAPanicEndsOneCall(t *testing.T) {
	file := serving(t, func(ctx context.Context, by Caller, q Request) Reply {
		if q.Operation == "plan" {
			panic(http.ErrAbortHandler)
		}
		return who(ctx, by, q)
	})
	for range eachAtOnce + 1 {
		var refused *Refusal
		if _, err := Call(t.Context(), file, self(), Request{Operation: "plan"}); !errors.As(err, &refused) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := Call(t.Context(), file, self(), Request{}); err != nil {
		t.Error(err)
	}
}

// What a killed agent left is replaced, what a living one has is not, and nothing
// else is removed.
func TestSocketsOfOthers(t *testing.T) {
	file := place(t)
	if _, err := Call(t.Context(), file, self(), Request{}); !errors.Is(err, ErrNobody) {
		t.Errorf("nobody is there: %v", err)
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: file, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	_ = dead.Close()
	if _, err := Call(t.Context(), file, self(), Request{}); !errors.Is(err, ErrNobody) {
		t.Errorf("a dead agent: %v", err)
	}
	first, err := Listen(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file); !errors.Is(err, ErrTaken) {
		t.Errorf("a second agent: %v", err)
	}
	if info, err := os.Lstat(file); err != nil || info.Mode().Perm() != members {
		t.Errorf("the socket is %v, %v", info, err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("a person's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "a person's" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file); err == nil || !strings.Contains(err.Error(), "not safe") {
		t.Errorf("a folder of everybody: %v", err)
	}
	if _, err := Listen(filepath.Join(t.TempDir(), strings.Repeat("x", maxPath))); err == nil {
		t.Error("a long name")
	}
}

func TestClosedFoldersAndTheirOwners(t *testing.T) {
	outer := filepath.Dir(place(t))
	data := filepath.Join(outer, "service", "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if Closed(data) || Closed(filepath.Join(outer, "nothing")) {
		t.Error("its owner is kept out, or of what is not there")
	}
	as(t, alice, nil, func() {
		if owner, err := Owner(data); !Closed(data) || err != nil || owner != 0 {
			t.Errorf("closed %v, owner %d, %v", Closed(data), owner, err)
		}
	})
}
