//! A thread that can be stopped and goes on later: only a process with one thread is cloned.

use crate::error::{Doing, Result, failed};
use crate::sys::userns;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{Builder, JoinHandle};

/// What a thread does.
pub(super) trait Work: std::fmt::Debug + Send + 'static {
    /// Works until it is told to stop, in whichever way the two have agreed on.
    fn run(&mut self);
}

/// Some work, and the thread that does it.
#[derive(Debug)]
pub(super) struct Thread<W: Work> {
    name: &'static str,
    /// The network namespace it is done in, if not ours.
    netns: Option<Arc<OwnedFd>>,
    state: State<W>,
}

#[derive(Debug)]
enum State<W> {
    Running(JoinHandle<W>),
    Paused(Box<W>),
    /// The thread could not be had; nothing is done any more.
    Broken,
}

impl<W: Work> Thread<W> {
    /// Work that begins with [`Thread::resume`].
    pub(super) fn new(name: &'static str, work: W, netns: Option<OwnedFd>) -> Thread<W> {
        Thread { name, netns: netns.map(Arc::new), state: State::Paused(Box::new(work)) }
    }

    /// Calls `tell`, which tells it to stop, and waits until it has.
    pub(super) fn pause(&mut self, tell: impl FnOnce()) {
        self.state = match std::mem::replace(&mut self.state, State::Broken) {
            State::Running(thread) => {
                tell();
                thread.join().map_or(State::Broken, |work| State::Paused(Box::new(work)))
            }
            other => other,
        };
    }

    /// The work, while nobody does it.
    pub(super) fn paused(&mut self) -> Option<&mut W> {
        match &mut self.state {
            State::Paused(work) => Some(work),
            State::Running(_) | State::Broken => None,
        }
    }

    /// Begins, or goes on; signals that this process blocks stay blocked there.
    ///
    /// # Errors
    /// When no thread can be had or the namespace cannot be entered; then nothing is done any more.
    pub(super) fn resume(&mut self) -> Result<()> {
        let mut work = match std::mem::replace(&mut self.state, State::Broken) {
            State::Paused(work) => *work,
            other => {
                self.state = other;
                return Ok(());
            }
        };
        let netns = self.netns.clone();
        let (said, hears) = channel();
        // It works on the heap; what a thread has by default would be counted by whoever looks.
        let thread = Builder::new().name(self.name.into()).stack_size(256 * 1024);
        let thread = thread
            .spawn(move || {
                let entered = netns.map_or(Ok(()), |netns| userns::join_file(&*netns));
                let inside = entered.is_ok();
                let _ = said.send(entered);
                if inside {
                    work.run();
                }
                work
            })
            .doing(|| format!("start the thread {}", self.name))?;
        match hears.recv() {
            Ok(entered) => entered.doing(|| "enter the container's network")?,
            Err(_) => return Err(failed(format!("the thread {} ended", self.name))),
        }
        self.state = State::Running(thread);
        Ok(())
    }
}
