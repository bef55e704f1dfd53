//! Watches for external reasons to end: signals and the death of the parent process. A host that
//! kills only a wrapper, or nothing at all, must not leave the bridge behind.

use tokio::sync::oneshot;

/// The reason for the bridge to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// SIGTERM, SIGINT, SIGHUP, or Ctrl-C.
    Signal,
    /// The parent process is gone.
    ParentDied,
    /// A request from the code that runs the bridge in its own process.
    Asked,
}

/// Waits for the reason to end.
#[derive(Debug)]
pub struct Shutdown {
    watch: Watch,
}

#[derive(Debug)]
enum Watch {
    Process(Box<platform::ProcessWatch>),
    Asked(oneshot::Receiver<()>),
    Never,
}

impl Shutdown {
    /// Watches this process's signals and its parent. Call it within the runtime.
    pub fn of_process() -> Self {
        Self { watch: Watch::Process(Box::new(platform::ProcessWatch::start())) }
    }

    /// Watches this process's signals only, for a process that outlives the one that started it.
    pub fn by_signals() -> Self {
        Self { watch: Watch::Process(Box::new(platform::ProcessWatch::signals())) }
    }

    /// Ends when the sender sends or is dropped.
    pub fn when_asked() -> (oneshot::Sender<()>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self { watch: Watch::Asked(receiver) })
    }

    /// Never fires; the bridge ends when the host leaves.
    pub fn never() -> Self {
        Self { watch: Watch::Never }
    }

    /// Waits for the reason to end. Cancel safe.
    pub async fn requested(&mut self) -> Reason {
        match &mut self.watch {
            Watch::Process(watch) => watch.ended().await,
            Watch::Asked(receiver) => {
                let _ = receiver.await;
                Reason::Asked
            }
            Watch::Never => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
mod platform {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::Reason;
    use super::parent::Parent;

    /// Watches for signals and, on Unix, the end of the parent.
    #[derive(Debug)]
    pub(super) struct ProcessWatch {
        signals: [Option<Signal>; 3],
        parent: Parent,
    }

    impl ProcessWatch {
        /// Starts to watch for both.
        pub(super) fn start() -> Self {
            let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
            let signals = kinds.map(|kind| {
                signal(kind)
                    .map_err(|error| tracing::warn!(%error, "cannot listen for a signal"))
                    .ok()
            });
            Self { signals, parent: Parent::watch() }
        }

        /// Watches for signals only: the parent may end.
        pub(super) fn signals() -> Self {
            Self { parent: Parent::none(), ..Self::start() }
        }

        /// Waits until the process has to end, and says why.
        pub(super) async fn ended(&mut self) -> Reason {
            let [terminate, interrupt, hangup] = &mut self.signals;
            tokio::select! {
                () = received(terminate) => Reason::Signal,
                () = received(interrupt) => Reason::Signal,
                () = received(hangup) => Reason::Signal,
                () = self.parent.died() => Reason::ParentDied,
            }
        }
    }

    async fn received(signal: &mut Option<Signal>) {
        match signal {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
mod platform {
    use super::Reason;

    /// Watches for what ends a process: signals and, on Unix, the end of the parent.
    #[derive(Debug)]
    pub(super) struct ProcessWatch;

    impl ProcessWatch {
        /// Starts to watch for all of them.
        pub(super) fn start() -> Self {
            Self
        }

        /// Watches for signals only: the parent may end.
        pub(super) fn signals() -> Self {
            Self
        }

        /// Waits until the process has to end, and says why.
        pub(super) async fn ended(&mut self) -> Reason {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Reason::Signal
        }
    }
}

#[cfg(target_os = "linux")]
mod parent {
    use std::os::fd::OwnedFd;

    use rustix::process::{PidfdFlags, getppid, pidfd_open};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// The parent as a pollable descriptor: no wake-ups while it lives. `PR_SET_PDEATHSIG` would
    /// fire when the *thread* that started us ends.
    #[derive(Debug)]
    pub(super) struct Parent(Option<AsyncFd<OwnedFd>>);

    impl Parent {
        /// Watches the current parent.
        pub(super) fn watch() -> Self {
            let descriptor = getppid().and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
            Self(descriptor.and_then(registered))
        }

        /// Watches nobody.
        pub(super) fn none() -> Self {
            Self(None)
        }

        /// Waits until the parent is gone; forever if nobody is watched.
        pub(super) async fn died(&mut self) {
            match &self.0 {
                Some(descriptor) if descriptor.readable().await.is_ok() => {}
                _ => std::future::pending().await,
            }
        }
    }

    #[expect(
        deprecated,
        reason = "tokio's replacement is unsafe because a caller could close the descriptor behind \
                  its back; an owned descriptor that never leaves this module rules that out"
    )]
    fn registered(descriptor: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
        AsyncFd::with_interest(descriptor, Interest::READABLE).ok()
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod parent {
    use std::time::Duration;

    use rustix::process::{Pid, getppid};

    /// Checks every few seconds whether the parent is still the one that started us.
    #[derive(Debug)]
    pub(super) struct Parent(Option<Pid>);

    impl Parent {
        /// Watches the parent as it is now.
        pub(super) fn watch() -> Self {
            Self(getppid())
        }

        /// Watches nobody.
        pub(super) fn none() -> Self {
            Self(None)
        }

        /// Waits until the parent is gone; forever if nobody is watched.
        pub(super) async fn died(&mut self) {
            if self.0.is_none() {
                std::future::pending::<()>().await;
            }
            while getppid() == self.0 {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    }
}
