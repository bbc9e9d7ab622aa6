import { HeaderList, NO_FIELDS } from "../hpack/header-list.js";

const NO_LIST = new HeaderList(NO_FIELDS, 0);

/**
 * A received field section (RFC 9113 §8.1): the decoded fields of HEADERS and its CONTINUATION frames. All sections of
 * a connection share one object.
 */
export class FieldSection {
  streamId = 0;
  list = NO_LIST;
  /** The fields that follow those of the list: name, value, name, value … */
  extra = NO_FIELDS;
  endStream = false;
  /** False if the obsolete priority of the HEADERS frame makes the stream depend on itself (RFC 7540 §5.3.1). */
  priorityValid = true;
  /** The memory that the fields occupy, in bytes; 0 if it is small. */
  memoryBytes = 0;

  /** Releases the fields, so that this object does not keep them alive after their stream. */
  release(): void {
    this.list = NO_LIST;
    this.extra = NO_FIELDS;
  }
}
