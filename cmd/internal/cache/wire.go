package cache

import (
	"encoding/binary"
	"errors"
)

// This file reads and writes the two kinds of field of the wire format of Protocol Buffers that the lists need.

var errWire = errors.New("it is no ActionResult")

// field appends a field with bytes.
func field(out []byte, n uint64, value []byte) []byte {
	out = binary.AppendUvarint(out, n<<3|2)
	out = binary.AppendUvarint(out, uint64(len(value)))
	return append(out, value...)
}

// number appends a field with a number, which is not negative.
func number(out []byte, n uint64, value int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(out, n<<3), uint64(value))
}

// fields calls do for each field of a message, with its bytes or its number.
func fields(b []byte, do func(n uint64, value []byte, number uint64) error) error {
	for len(b) > 0 {
		tag, size := binary.Uvarint(b)
		if size <= 0 {
			return errWire
		}
		b = b[size:]
		var value []byte
		var number uint64
		switch tag & 7 {
		case 0:
			if number, size = binary.Uvarint(b); size <= 0 {
				return errWire
			}
			b = b[size:]
		case 2:
			length, size := binary.Uvarint(b)
			if size <= 0 || length > uint64(len(b)-size) {
				return errWire
			}
			value, b = b[size:size+int(length)], b[size+int(length):]
		default:
			return errWire
		}
		if err := do(tag>>3, value, number); err != nil {
			return err
		}
	}
	return nil
}
