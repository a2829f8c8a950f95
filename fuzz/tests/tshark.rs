//! Compares the decoder with tshark, for the advertisements of the corpus.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use core::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use vrrp_core::wire::{
    Advertisement, Checksum, ChecksumForm, DecodeError, Format, Ipv4Packet, Ipv6Packet, PROTOCOL,
    PseudoHeader,
};
use vrrp_core::{Family, Version};

/// Packets without link layer.
const LINKTYPE_RAW: u32 = 101;

#[test]
#[ignore = "needs tshark"]
fn tshark_reads_in_every_packet_what_we_read() {
    let mut packets = corpus();
    let changed: Vec<_> = packets.iter().flat_map(|packet| variants(packet)).collect();
    packets.extend(changed);
    let directory = std::env::temp_dir().join(format!("fuzz-tshark-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    let path = directory.join("corpus.pcap");
    fs::write(&path, pcap(&packets)).unwrap();
    let told = tshark(&path);
    fs::remove_dir_all(&directory).unwrap();

    assert_eq!(told.lines().count(), packets.len());
    let (mut read, mut refused) = (0, 0);
    for (line, packet) in told.lines().zip(&packets) {
        match ours(packet) {
            Ours::Read(ours) => {
                assert_eq!(line, ours, "{packet:02x?}");
                read += 1;
            }
            Ours::BadChecksum => {
                assert!(line.ends_with("\t0"), "{line}: {packet:02x?}");
                refused += 1;
            }
            Ours::Other => {}
        }
    }
    println!(
        "{} packets: {read} read alike, {refused} of a wrong checksum for both",
        packets.len()
    );
    assert!(read > 200 && refused > 20);
}

enum Ours {
    /// The columns of [`tshark`].
    Read(String),
    BadChecksum,
    /// No judgement to compare: tshark reads on where we refuse.
    Other,
}

fn ours(packet: &[u8]) -> Ours {
    let Some((ends, pdu)) = split(packet) else {
        return Ours::Other;
    };
    match Advertisement::decode(pdu, &ends) {
        Ok(read) => Ours::Read(columns(&read, pdu, &ends)),
        Err(DecodeError::Checksum) => Ours::BadChecksum,
        Err(_) => Ours::Other,
    }
}

fn columns(read: &Advertisement<'_>, pdu: &[u8], ends: &PseudoHeader) -> String {
    let centis = read.interval.centis();
    let (seconds, short) = match read.version() {
        Version::V2 => ((centis / 100).to_string(), String::new()),
        Version::V3 => (String::new(), centis.to_string()),
    };
    let list: Vec<_> = read.addresses.iter().map(|it| it.to_string()).collect();
    let (four, six) = match ends.family() {
        Family::V4 => (list.join(","), String::new()),
        Family::V6 => (String::new(), list.join(",")),
    };
    let mut line = String::new();
    write!(
        line,
        "{}\t{}\t{}\t{}\t{seconds}\t{short}\t{four}\t{six}\t{}",
        read.version().number(),
        read.vrid.get(),
        read.priority.get(),
        read.addresses.len(),
        u8::from(is_good_to_tshark(read.format, pdu, ends)),
    )
    .unwrap();
    line
}

/// tshark reads RFC 5798: the sum of version 3 covers the pseudo-header, over IPv4 too.
fn is_good_to_tshark(format: Format, pdu: &[u8], ends: &PseudoHeader) -> bool {
    let length = u16::try_from(pdu.len()).unwrap();
    match format {
        Format::V2(_) => true,
        Format::V3(ChecksumForm::PseudoHeader) => true,
        Format::V3(ChecksumForm::MessageOnly | ChecksumForm::PseudoHeaderMulticast) => {
            Checksum::new()
                .octets(pdu)
                .pseudo_header(ends, PROTOCOL, length)
                .verifies()
        }
    }
}

/// The addresses and the VRRP message of a whole IP packet.
fn split(packet: &[u8]) -> Option<(PseudoHeader, &[u8])> {
    match (Ipv4Packet::decode(packet), Ipv6Packet::decode(packet)) {
        (Ok(ip), _) if ip.protocol == PROTOCOL => Some((ip.pseudo_header(), ip.payload)),
        (_, Ok(ip)) if ip.next_header == PROTOCOL => Some((ip.pseudo_header(), ip.payload)),
        (_, _) => None,
    }
}

/// The packets that both take for VRRP.
fn corpus() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/decode");
    let files = fs::read_dir(directory).unwrap();
    let mut packets: Vec<_> = files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .filter(|packet| split(packet).is_some_and(|(_, pdu)| pdu.len() >= 8))
        .collect();
    packets.sort();
    packets
}

/// `packet` with each of its first VRRP octets changed in turn, with a checksum that is right for
/// tshark, and once with a wrong one.
fn variants(packet: &[u8]) -> Vec<Vec<u8>> {
    let Some((ends, pdu)) = split(packet) else {
        return Vec::new();
    };
    let start = pdu.as_ptr().addr() - packet.as_ptr().addr();
    let end = start + pdu.len();
    let mut variants = Vec::new();
    for (place, mask) in [
        (1, 0x55),
        (2, 0xff),
        (4, 0x01),
        (5, 0x0f),
        (8, 0x80),
        (11, 0x7f),
    ] {
        let mut changed = packet.to_vec();
        if start + place >= end {
            continue;
        }
        changed[start + place] ^= mask;
        changed[start + 6..start + 8].fill(0);
        let sum = Checksum::new().octets(&changed[start..end]);
        let is_v2 = changed[start] >> 4 == 2;
        let length = u16::try_from(pdu.len()).unwrap();
        let sum = if is_v2 {
            sum
        } else {
            sum.pseudo_header(&ends, PROTOCOL, length)
        };
        changed[start + 6..start + 8].copy_from_slice(&sum.field());
        variants.push(changed);
    }
    let mut wrong = packet.to_vec();
    wrong[start + 6] ^= 0x10;
    variants.push(wrong);
    variants
}

fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let header = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, LINKTYPE_RAW];
    let mut file: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
    for packet in packets {
        let length = u32::try_from(packet.len()).unwrap();
        file.extend(
            [0, 0, length, length]
                .into_iter()
                .flat_map(u32::to_le_bytes),
        );
        file.extend(packet);
    }
    file
}

/// A line for each packet: version, virtual router, priority, count, interval in seconds and in
/// centiseconds, addresses of either family, and 1 if the checksum is right.
fn tshark(path: &Path) -> String {
    let fields = [
        "vrrp.version",
        "vrrp.virt_rtr_id",
        "vrrp.prio",
        "vrrp.addr_count",
        "vrrp.adver_int",
        "vrrp.short_adver_int",
        "vrrp.ip_addr",
        "vrrp.ipv6_addr",
        "vrrp.checksum.status",
    ];
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(path).args(["-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
