//go:build unix

package check

import (
	"errors"
	"os/exec"
	"syscall"
)

// runTree runs a command in a process group of its own, so that it is killed
// with all that it started; neither does a Ctrl-C of the terminal reach it.
func runTree(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		// Something of it holds the output open, so the group is still there and
		// its number is nobody else's.
		_ = kill()
	}
	return err
}
