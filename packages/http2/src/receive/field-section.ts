import { HeaderList, NO_FIELDS } from "../hpack/header-list.js";

const NO_LIST = new HeaderList(NO_FIELDS, 0);

/**
 * A received field section (RFC 9113 §8.1): the fields of HEADERS and its CONTINUATION frames, decoded. One object serves all sections of
 * a connection.
 */
export class FieldSection {
  streamId = 0;
  list = NO_LIST;
  /** Fields that follow those of the list: name, value, name, value … */
  extra = NO_FIELDS;
  endStream = false;
  /** False when the obsolete priority of the HEADERS frame makes the stream depend on itself (RFC 7540 §5.3.1). */
  priorityValid = true;
  /** What it takes to keep the fields, in bytes; 0 if that is little. */
  memoryBytes = 0;

  /** Keeps nothing alive that its stream does not. */
  release(): void {
    this.list = NO_LIST;
    this.extra = NO_FIELDS;
  }
}
