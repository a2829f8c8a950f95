//! The macro that makes owners of a descriptor event sources.

/// Implements [`AsRawFd`](std::os::fd::AsRawFd) and [`mio::event::Source`] for a type by its
/// [`AsFd`](std::os::fd::AsFd).
macro_rules! source_by_descriptor {
    ($type:ty) => {
        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&std::os::fd::AsFd::as_fd(self))
            }
        }

        impl mio::event::Source for $type {
            fn register(
                &mut self,
                registry: &mio::Registry,
                token: mio::Token,
                interests: mio::Interest,
            ) -> std::io::Result<()> {
                let descriptor = std::os::fd::AsRawFd::as_raw_fd(self);
                mio::unix::SourceFd(&descriptor).register(registry, token, interests)
            }

            fn reregister(
                &mut self,
                registry: &mio::Registry,
                token: mio::Token,
                interests: mio::Interest,
            ) -> std::io::Result<()> {
                let descriptor = std::os::fd::AsRawFd::as_raw_fd(self);
                mio::unix::SourceFd(&descriptor).reregister(registry, token, interests)
            }

            fn deregister(&mut self, registry: &mio::Registry) -> std::io::Result<()> {
                let descriptor = std::os::fd::AsRawFd::as_raw_fd(self);
                mio::unix::SourceFd(&descriptor).deregister(registry)
            }
        }
    };
}

pub(crate) use source_by_descriptor;
