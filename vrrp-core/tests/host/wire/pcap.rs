//! A reader of pcap files.

/// The frames of a little-endian pcap file of Ethernet frames.
pub(crate) fn frames(file: &[u8]) -> Vec<&[u8]> {
    let word = |octets: &[u8], index: usize| {
        let word = octets.as_chunks::<4>().0[index];
        u32::from_le_bytes(word)
    };
    let (header, mut rest) = file.split_at(24);
    assert_eq!(word(header, 0), 0xa1b2_c3d4, "magic number");
    assert_eq!(word(header, 5), 1, "link type Ethernet");
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (record, after) = rest.split_at(16);
        let captured = word(record, 2);
        assert_eq!(captured, word(record, 3), "frame is cut short");
        let (frame, after) = after.split_at(usize::try_from(captured).unwrap());
        frames.push(frame);
        rest = after;
    }
    frames
}
