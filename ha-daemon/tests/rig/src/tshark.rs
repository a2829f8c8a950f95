//! tshark as an independent check of every frame.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::capture::{Capture, Frame};
use super::tools;

/// What tshark complains about in VRRP, and in the announcements beside it: bad checksums and
/// lengths, malformed frames. Two MACs for one address are what a takeover is, and no complaint.
const COMPLAINTS: &str = "(vrrp && _ws.expert.severity >= 4194304) || (ah && _ws.malformed) || \
    (arp && _ws.malformed) || icmpv6.checksum.status == 0 || ip.checksum.status == 0";

/// Writes the capture to `path` and returns tshark's complaints, one a line.
pub fn complaints(capture: &Capture, path: &Path) -> String {
    write(capture, path).expect("the capture can be written");
    let path = path.display().to_string();
    tools::run(
        "/usr/bin/tshark",
        &[
            "-n",
            "-r",
            &path,
            "-o",
            "ip.check_checksum:TRUE",
            "-Y",
            COMPLAINTS,
        ],
    )
}

/// Writes the capture in the classic format with nanoseconds: a 24-octet header, then 16 octets
/// before each frame.
pub(crate) fn write(capture: &Capture, path: &Path) -> io::Result<()> {
    const NANOSECOND_MAGIC: u32 = 0xa1b2_3c4d;
    const LINKTYPE_ETHERNET: u32 = 1;
    let mut file = BufWriter::new(File::create(path)?);
    for word in [
        NANOSECOND_MAGIC,
        0x0004_0002,
        0,
        0,
        65535,
        LINKTYPE_ETHERNET,
    ] {
        file.write_all(&word.to_le_bytes())?;
    }
    for Frame { time, octets } in capture.frames() {
        let seconds = u32::try_from(time.as_secs()).map_err(io::Error::other)?;
        let length = u32::try_from(octets.len()).map_err(io::Error::other)?;
        for word in [seconds, time.subsec_nanos(), length, length] {
            file.write_all(&word.to_le_bytes())?;
        }
        file.write_all(&octets)?;
    }
    file.flush()
}
