//go:build cgo

package costmark

import "sync/atomic"

// users counts those who use something of C's that may be closed at any time: the last one to leave
// after that ends it.
type users struct {
	state atomic.Int64 // twice their number, plus 1 when closed
	end   func()       // called once
}

const (
	closedBit = 1
	oneUser   = 2
)

// enter counts a new user, unless it is closed.
func (u *users) enter() bool {
	for {
		state := u.state.Load()
		if state&closedBit != 0 {
			return false
		}
		if u.state.CompareAndSwap(state, state+oneUser) {
			return true
		}
	}
}

// join counts a new user as long as there is another, closed or not.
func (u *users) join() bool {
	for {
		state := u.state.Load()
		if state == closedBit {
			return false
		}
		if u.state.CompareAndSwap(state, state+oneUser) {
			return true
		}
	}
}

// release undoes enter and join.
func (u *users) release() {
	if u.state.Add(-oneUser) == closedBit {
		u.end()
	}
}

func (u *users) close() {
	for {
		state := u.state.Load()
		if state&closedBit != 0 {
			return
		}
		if u.state.CompareAndSwap(state, state|closedBit) {
			if state == 0 {
				u.end()
			}
			return
		}
	}
}
