package testbed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Screen is an X server without a monitor, whose picture can be looked at.
type Screen struct {
	dir, display string
	process      *process
}

// NewScreen starts Xvfb with its files in dir.
func NewScreen(dir string) (*Screen, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	defer write.Close()
	s := &Screen{dir: dir}
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1600x1200x24", "-fbdir", dir, "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{write}
	if s.process, err = spawn(cmd, filepath.Join(dir, "xvfb.log")); err != nil {
		return nil, fmt.Errorf("testbed: Xvfb: %w", err)
	}
	_ = read.SetReadDeadline(time.Now().Add(20 * time.Second))
	number, err := bufio.NewReader(read).ReadString('\n') // it writes twice, and ends if nobody reads
	if err != nil {
		return nil, errors.Join(withTail(fmt.Errorf("testbed: Xvfb: no display: %w", err), s.process.log), s.Close())
	}
	s.display = ":" + strings.TrimSpace(number)
	return s, nil
}

// Close ends the X server, and with it what shows something there.
func (s *Screen) Close() error { return s.process.stop() }

// Xterm is how a terminal looks.
type Xterm struct {
	Foreground, Background string
	FontSize               string
	Geometry               string // columns and rows: 80x24
}

// Show runs a command in a terminal at the left top of the screen; end closes it.
func (s *Screen) Show(x Xterm, environ []string, command ...string) (end func() error, err error) {
	args := append([]string{"-fg", x.Foreground, "-bg", x.Background, "-fa", "DejaVu Sans Mono", "-fs", x.FontSize,
		"-geometry", x.Geometry + "+0+0", "-u8", "+sb", "-e"}, command...)
	cmd := exec.Command("xterm", args...)
	cmd.Env = append(append(os.Environ(), "DISPLAY="+s.display, "LC_ALL=C.UTF-8"), environ...)
	p, err := spawn(cmd, filepath.Join(s.dir, "xterm.log"))
	if err != nil {
		return nil, fmt.Errorf("testbed: xterm: %w", err)
	}
	return p.stop, nil
}

// ReadQR waits until zbar finds a QR code in the screen's picture.
func (s *Screen) ReadQR(ctx context.Context) (string, error) {
	for {
		text, err := DecodeQR(ctx, "xwd:"+filepath.Join(s.dir, "Xvfb_screen0"))
		if err == nil {
			return text, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return "", withTail(fmt.Errorf("testbed: no QR code on the screen: %w", err), filepath.Join(s.dir, "xterm.log"))
		}
	}
}

// DecodeQR is what zbar reads in a picture.
func DecodeQR(ctx context.Context, picture string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, "zbarimg", "--quiet", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", picture)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("zbarimg: %w: %s", err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}
