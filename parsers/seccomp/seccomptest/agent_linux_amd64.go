package seccomptest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// The interface of seccomp_unotify(2).
const (
	notifReceive  = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	notifSend     = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
	notifContinue = 1          // SECCOMP_USER_NOTIF_FLAG_CONTINUE
)

// serveAgent takes listeners of filters at a socket and lets every call that is notified go on, until the socket is
// closed by the function that it returns.
func serveAgent(path string) (stop func(), err error) {
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening for filters: %w", err)
	}
	go func() {
		for {
			conn, err := socket.AcceptUnix()
			if err != nil {
				return
			}
			go takeListeners(conn)
		}
	}()
	return func() { socket.Close() }, nil
}

func takeListeners(conn *net.UnixConn) {
	defer conn.Close()
	text, rights := make([]byte, 1<<16), make([]byte, 1<<10)
	for {
		n, m, _, _, err := conn.ReadMsgUnix(text, rights)
		if err != nil || n+m == 0 {
			return
		}
		messages, err := syscall.ParseSocketControlMessage(rights[:m])
		if err != nil {
			return
		}
		for i := range messages {
			if fds, err := syscall.ParseUnixRights(&messages[i]); err == nil {
				for _, fd := range fds {
					go letGoOn(fd)
				}
			}
		}
	}
}

// letGoOn answers the notifications of a listener until its processes have ended.
func letGoOn(listener int) {
	file := os.NewFile(uintptr(listener), "listener")
	defer file.Close()
	ioctl := func(request uintptr, p unsafe.Pointer) error {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(listener), request, uintptr(p)); errno != 0 {
			return errno
		}
		return nil
	}
	for {
		var notification [10]uint64 // struct seccomp_notif, with the id first
		switch err := ioctl(notifReceive, unsafe.Pointer(&notification)); {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ENOENT): // the caller died meanwhile, or all did
			if hungUp(listener) {
				return
			}
			continue
		case err != nil:
			return
		}
		response := [3]uint64{notification[0], 0, notifContinue << 32} // struct seccomp_notif_resp
		_ = ioctl(notifSend, unsafe.Pointer(&response))
	}
}

// hungUp reports whether a listener has no processes any more.
func hungUp(fd int) bool {
	poll := struct {
		fd              int32
		events, revents int16
	}{fd: int32(fd)}
	_, _, errno := syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(&poll)), 1, 0)
	return errno != 0 || poll.revents&0x10 != 0 // POLLHUP
}
