package stream

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Judge checks a record. It returns the fields of the answer but for the id, as a JSON object on one line.
type Judge func(*Record) ([]byte, *Error)

// maxAnswer is how many bytes an answer may have. A record that is no attack needs a thousandth of it.
const maxAnswer = 64 << 20

// answerTo returns the line that answers what a worker is given, without its end.
func answerTo(judge Judge, kind byte, line int, input []byte) (answer []byte) {
	var id *string
	defer func() {
		if defect := recover(); defect != nil {
			answer = (&Error{Code: Defect, Message: fmt.Sprintf("a defect in sandlint, please report it: %v", defect)}).
				answer(id)
		}
	}()
	var rec *Record
	var wrong *Error
	if kind == kindLine {
		if rec, id, wrong = parseLine(input); wrong != nil {
			wrong.Line = line
			return wrong.answer(id)
		}
	} else {
		rec = unpack(input)
	}
	id = &rec.ID
	out, wrong := judge(rec)
	if wrong == nil && len(out) > maxAnswer {
		wrong = &Error{Code: TooLarge, Message: fmt.Sprintf("the answer has more than %d MiB", maxAnswer>>20)}
	}
	if wrong != nil {
		return wrong.answer(id)
	}
	answer = append([]byte(`{"id":`), encode(rec.ID)...)
	answer = append(answer, ',')
	return append(answer, out[1:]...)
}

// Local returns a worker in this process. A record that ends the process ends all others with it.
func Local(judge Judge) Worker { return local{judge} }

type local struct{ judge Judge }

func (l local) answer(u *unit) []byte { return answerTo(l.judge, u.kind, u.line, u.input) }
func (l local) close()                {}

// A frame between two processes is its kind, a line number, the size of the rest, and the rest.
const frameHead = 1 + 8 + 4

func writeFrame(w io.Writer, kind byte, line int, text []byte) error {
	head := make([]byte, frameHead, frameHead+len(text))
	head[0] = kind
	binary.BigEndian.PutUint64(head[1:], uint64(line))
	binary.BigEndian.PutUint32(head[9:], uint32(len(text)))
	_, err := w.Write(append(head, text...))
	return err
}

func readFrame(r io.Reader) (kind byte, line int, text []byte, err error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, nil, err
	}
	text = make([]byte, binary.BigEndian.Uint32(head[9:]))
	_, err = io.ReadFull(r, text)
	return head[0], int(binary.BigEndian.Uint64(head[1:])), text, err
}

// Work is what a process that Processes has started does: it answers what comes on in until that ends. A record that
// takes more than most of the processor's time ends the process; no record needs that long that the judge does not end
// itself.
func Work(in io.Reader, out io.Writer, judge Judge, most time.Duration) error {
	from := bufio.NewReader(in)
	watch := newWatch(most)
	for {
		kind, line, input, err := readFrame(from)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		watch.begin()
		answer := answerTo(judge, kind, line, input)
		watch.end()
		if err := writeFrame(out, kind, 0, answer); err != nil {
			return err
		}
	}
}

// statusLate is the exit status of a process whose record took too much time.
const statusLate = 75

// watch ends the process when a record takes too much of the processor's time.
type watch struct {
	mu      sync.Mutex
	most    time.Duration
	running bool
	began   time.Duration // of the processor's time
}

// newWatch returns a watch that looks every second, nil where the system does not say how much time the process took.
func newWatch(most time.Duration) *watch {
	if processorTime() < 0 {
		return nil
	}
	w := &watch{most: most}
	go func() {
		for range time.Tick(time.Second) {
			w.mu.Lock()
			if w.running && processorTime()-w.began > w.most {
				os.Exit(statusLate)
			}
			w.mu.Unlock()
		}
	}()
	return w
}

func (w *watch) begin() { w.set(true) }
func (w *watch) end()   { w.set(false) }

func (w *watch) set(running bool) {
	if w == nil {
		return
	}
	w.mu.Lock()
	w.running, w.began = running, processorTime()
	w.mu.Unlock()
}

// Processes returns a worker that is a process of its own, started with a command line when it is needed, and anew
// where a record has ended it. One that gives no answer for longer than patience is killed; no record needs that long
// that the judge does not end itself.
func Processes(command []string, patience time.Duration) Worker {
	return &process{command: command, patience: patience}
}

type process struct {
	command  []string
	patience time.Duration

	running *exec.Cmd
	to      io.WriteCloser
	from    *bufio.Reader
	words   *tail
}

func (p *process) answer(u *unit) []byte {
	if p.running == nil {
		if err := p.start(); err != nil {
			return (&Error{Code: Defect, Message: "starting a worker: " + err.Error()}).answer(p.id(u))
		}
	}
	late := false
	var once sync.Mutex
	timer := time.AfterFunc(p.patience, func() {
		once.Lock()
		defer once.Unlock()
		late = true
		_ = p.running.Process.Kill()
	})
	err := writeFrame(p.to, u.kind, u.line, u.input)
	var answer []byte
	if err == nil {
		_, _, answer, err = readFrame(p.from)
	}
	timer.Stop()
	if err == nil {
		return answer
	}
	p.to.Close()
	state := p.running.Wait()
	p.running = nil
	once.Lock()
	defer once.Unlock()
	var exit *exec.ExitError
	if errors.As(state, &exit) && exit.ExitCode() == statusLate {
		return (&Error{Code: TooSlow, Message: "the record takes more time than --record-timeout stands for"}).
			answer(p.id(u))
	}
	if late {
		return (&Error{Code: TooSlow, Message: "there was no answer for " + p.patience.String()}).answer(p.id(u))
	}
	return (&Error{Code: Defect, Message: "sandlint ended while it checked the record: " + p.words.reason(state)}).
		answer(p.id(u))
}

// id returns the id of a unit for which there is no answer.
func (p *process) id(u *unit) *string {
	if u.kind == kindLine {
		return readID(u.input)
	}
	return u.id
}

func (p *process) start() error {
	cmd := exec.Command(p.command[0])
	cmd.Args = p.command[1:]
	p.words = &tail{}
	cmd.Stderr = p.words
	to, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.running, p.to, p.from = cmd, to, bufio.NewReader(from)
	return nil
}

func (p *process) close() {
	if p.running == nil {
		return
	}
	p.to.Close()
	_ = p.running.Wait()
}

// tail keeps the beginning of what a process writes to standard error.
type tail struct{ bytes.Buffer }

func (t *tail) Write(b []byte) (int, error) {
	if room := 4096 - t.Len(); room > 0 {
		t.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// reason returns why a process ended.
func (t *tail) reason(state error) string {
	for line := range strings.Lines(t.String()) {
		line = strings.TrimSpace(line)
		for _, begin := range []string{"fatal error: ", "panic: ", "runtime: ", "sandlint: "} {
			if strings.HasPrefix(line, begin) {
				return line
			}
		}
	}
	if state != nil {
		return state.Error()
	}
	return "it has closed its output"
}

// Command returns the command line of the running program with other arguments, for Processes; nil where the system
// does not say which it is.
func Command(arguments ...string) []string {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	return append([]string{path, os.Args[0]}, arguments...)
}
