package check

import (
	"fmt"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// runTree runs a command in a job, so that it is killed with all that it
// started; what it left behind ends when the job is closed.
func runTree(cmd *exec.Cmd) error {
	job, err := newJob()
	if err != nil {
		return fmt.Errorf("cannot make a job for it: %w", err)
	}
	defer windows.CloseHandle(job) //nolint:errcheck // it ends with the process
	cmd.SysProcAttr = &windows.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	cmd.Cancel = func() error {
		_ = windows.TerminateJobObject(job, 1)
		return cmd.Process.Kill() // it may not be in the job yet
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	// What it starts before it is in the job is in none: that is some microseconds.
	outside := join(job, cmd.Process.Pid)
	if outside != nil {
		_ = cmd.Process.Kill()
	}
	err = cmd.Wait()
	if outside != nil && err != nil { // without an error it had ended before it could join
		return fmt.Errorf("cannot put it into its job: %w", outside)
	}
	return err
}

func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return 0, err
	}
	return job, nil
}

func join(job windows.Handle, pid int) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(process) //nolint:errcheck // likewise
	return windows.AssignProcessToJobObject(job, process)
}
