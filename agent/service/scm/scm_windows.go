package scm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	win "golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/orgstore/orgstore/agent/service"
)

// Here is the service manager of the machine that this program runs on.
func Here() (*Manager, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot tell where this program is: %w", err)
	}
	return &Manager{program: program, system: here{}}, nil
}

type here struct{}

func (here) elevated() bool { return win.GetCurrentProcessToken().IsElevated() }

// with opens the service with rights. The service manager is opened for no more
// than is needed, so that status works without an administrator.
func with(manager, rights uint32, do func(*mgr.Service) error) error {
	h, err := win.OpenSCManager(nil, nil, manager)
	if err != nil {
		return fmt.Errorf("cannot reach the service manager: %w", err)
	}
	m := &mgr.Mgr{Handle: h}
	defer m.Disconnect()
	name, err := win.UTF16PtrFromString(service.Name)
	if err != nil {
		return err
	}
	s, err := win.OpenService(h, name, rights)
	if err != nil {
		return err
	}
	opened := &mgr.Service{Name: service.Name, Handle: s}
	defer opened.Close()
	return do(opened)
}

const looking = win.SERVICE_QUERY_CONFIG | win.SERVICE_QUERY_STATUS

func (here) config() (config, bool, error) {
	var c config
	err := with(win.SC_MANAGER_CONNECT, looking, func(s *mgr.Service) error {
		told, err := s.Config()
		if err != nil {
			return err
		}
		c = config{
			Command: told.BinaryPathName, Account: told.ServiceStartName, DisplayName: told.DisplayName, Description: told.Description,
			Automatic: told.StartType == mgr.StartAutomatic && told.DelayedAutoStart,
		}
		c.Recovers, err = recovers(s)
		return err
	})
	if errors.Is(err, win.ERROR_SERVICE_DOES_NOT_EXIST) {
		return config{}, false, nil
	}
	return c, err == nil, err
}

func recovery() []mgr.RecoveryAction {
	return []mgr.RecoveryAction{{Type: mgr.ServiceRestart, Delay: time.Minute}, {Type: mgr.ServiceRestart, Delay: 5 * time.Minute}, {Type: mgr.ServiceRestart, Delay: 15 * time.Minute}}
}

func recovers(s *mgr.Service) (bool, error) {
	actions, err := s.RecoveryActions()
	if err != nil {
		return false, err
	}
	too, err := s.RecoveryActionsOnNonCrashFailures()
	want := recovery()
	for i, a := range actions {
		if i >= len(want) || a != want[i] {
			return false, err
		}
	}
	return too && len(actions) == len(want), err
}

func asked(c config) mgr.Config {
	return mgr.Config{
		ServiceType: win.SERVICE_WIN32_OWN_PROCESS, StartType: mgr.StartAutomatic, ErrorControl: mgr.ErrorNormal, DelayedAutoStart: true,
		BinaryPathName: c.Command, ServiceStartName: c.Account, DisplayName: c.DisplayName, Description: c.Description,
		SidType: win.SERVICE_SID_TYPE_UNRESTRICTED,
	}
}

func (here) create(program string, args []string, c config) error {
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("cannot reach the service manager: %w", err)
	}
	defer m.Disconnect()
	s, err := m.CreateService(service.Name, program, asked(c), args...)
	if err != nil {
		return fmt.Errorf("cannot create the service: %w", err)
	}
	defer s.Close()
	return setRecovery(s)
}

func (here) update(c config) error {
	return with(win.SC_MANAGER_CONNECT, win.SERVICE_ALL_ACCESS, func(s *mgr.Service) error {
		if err := s.UpdateConfig(asked(c)); err != nil {
			return fmt.Errorf("cannot change the service: %w", err)
		}
		return setRecovery(s)
	})
}

// setRecovery lets the service be started again, also where it ended by itself
// with an error. A day without one begins the count anew.
func setRecovery(s *mgr.Service) error {
	day := uint32((24 * time.Hour).Seconds())
	if err := s.SetRecoveryActions(recovery(), day); err != nil {
		return fmt.Errorf("cannot set how the service recovers: %w", err)
	}
	return s.SetRecoveryActionsOnNonCrashFailures(true)
}

func (here) remove() error {
	return with(win.SC_MANAGER_CONNECT, win.DELETE, (*mgr.Service).Delete)
}

func words(s svc.State) string {
	switch s {
	case svc.Running:
		return running
	case svc.StartPending:
		return "start" + pending
	case svc.StopPending:
		return "stop" + pending
	case svc.Stopped:
		return stopped
	}
	return fmt.Sprintf("in state %d", s)
}

// ended is the error that a service ended with: its own where it told one, or else
// that of Windows, such as 1067 where it was killed.
func ended(told svc.Status) uint32 {
	switch told.Win32ExitCode {
	case uint32(win.ERROR_SERVICE_NEVER_STARTED):
		return 0
	case uint32(win.ERROR_SERVICE_SPECIFIC_ERROR):
		return told.ServiceSpecificExitCode
	}
	return told.Win32ExitCode
}

func (here) state() (string, error) {
	var state string
	err := with(win.SC_MANAGER_CONNECT, looking, func(s *mgr.Service) error {
		told, err := s.Query()
		state = words(told.State)
		if code := ended(told); told.State == svc.Stopped && code != 0 {
			state += fmt.Sprintf(", it ended with error %d", code)
		}
		return err
	})
	return state, err
}

// patience is how long a start may take, and a stop that waits for a step.
const patience = 3 * time.Minute

func (here) start(ctx context.Context) error {
	return with(win.SC_MANAGER_CONNECT, looking|win.SERVICE_START, func(s *mgr.Service) error {
		if err := s.Start(); err != nil {
			return fmt.Errorf("cannot start the service: %w", err)
		}
		return reach(ctx, s, svc.Running)
	})
}

func (here) stop(ctx context.Context) error {
	return with(win.SC_MANAGER_CONNECT, looking|win.SERVICE_STOP, func(s *mgr.Service) error {
		if _, err := s.Control(svc.Stop); err != nil {
			return fmt.Errorf("cannot stop the service: %w", err)
		}
		return reach(ctx, s, svc.Stopped)
	})
}

// reach waits until the service is in a state.
func reach(ctx context.Context, s *mgr.Service, want svc.State) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		told, err := s.Query()
		switch {
		case err != nil:
			return err
		case told.State == want:
			return nil
		case told.State == svc.Stopped:
			return service.Refuse("ended", fmt.Sprintf("the service ended at once, with error %d", ended(told)), "read why in the event log: Get-WinEvent -ProviderName "+service.Name+" -MaxEvents 5")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the service is still in the state %s: %w", words(told.State), ctx.Err())
		case <-time.After(300 * time.Millisecond):
		}
	}
}

const sourceKey = `SYSTEM\CurrentControlSet\Services\EventLog\Application\` + service.Name

func (here) source() (bool, error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, sourceKey, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot read which sources of events there are: %w", err)
	}
	return true, k.Close()
}

func (here) addSource() error {
	return eventlog.InstallAsEventCreate(service.Name, eventlog.Error|eventlog.Warning|eventlog.Info)
}

func (here) removeSource() error { return eventlog.Remove(service.Name) }

// grant lets the service's account do something with a folder and all in it. A
// folder that is its alone takes over no rights from above.
func (here) grant(folder string, a access) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	account, _, _, err := win.LookupSID("", Account)
	if err != nil {
		return fmt.Errorf("cannot find the account %s: %w", Account, err)
	}
	if a == alone {
		return private(folder, account)
	}
	rights := win.ACCESS_MASK(win.GENERIC_READ | win.GENERIC_EXECUTE)
	if a == writes {
		rights |= win.GENERIC_WRITE | win.DELETE
	}
	before, err := win.GetNamedSecurityInfo(folder, win.SE_FILE_OBJECT, win.DACL_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("cannot read who may do what with %s: %w", folder, err)
	}
	list, _, err := before.DACL()
	if err != nil {
		return fmt.Errorf("cannot read who may do what with %s: %w", folder, err)
	}
	return allow(folder, win.DACL_SECURITY_INFORMATION, list, entry(account, rights))
}

func private(folder string, account *win.SID) error {
	entries := []win.EXPLICIT_ACCESS{entry(account, win.GENERIC_ALL)}
	for _, known := range []win.WELL_KNOWN_SID_TYPE{win.WinLocalSystemSid, win.WinBuiltinAdministratorsSid} {
		sid, err := win.CreateWellKnownSid(known)
		if err != nil {
			return err
		}
		entries = append(entries, entry(sid, win.GENERIC_ALL))
	}
	return allow(folder, win.DACL_SECURITY_INFORMATION|win.PROTECTED_DACL_SECURITY_INFORMATION, nil, entries...)
}

func entry(sid *win.SID, rights win.ACCESS_MASK) win.EXPLICIT_ACCESS {
	return win.EXPLICIT_ACCESS{
		AccessPermissions: rights, AccessMode: win.GRANT_ACCESS, Inheritance: win.SUB_CONTAINERS_AND_OBJECTS_INHERIT,
		Trustee: win.TRUSTEE{TrusteeForm: win.TRUSTEE_IS_SID, TrusteeValue: win.TrusteeValueFromSID(sid)},
	}
}

// allow adds entries to a list of rights, which may be nil, and makes that the
// folder's.
func allow(folder string, kind win.SECURITY_INFORMATION, list *win.ACL, entries ...win.EXPLICIT_ACCESS) error {
	merged, err := win.ACLFromEntries(entries, list)
	if err == nil {
		err = win.SetNamedSecurityInfo(filepath.Clean(folder), win.SE_FILE_OBJECT, kind, nil, nil, merged, nil)
	}
	if err != nil {
		return fmt.Errorf("cannot set who may do what with %s: %w", folder, err)
	}
	return nil
}
