/** A word that may stand at the end of a command line. */
export interface Candidate {
  readonly value: string;
  /** A description of the word, which zsh and fish show beside it. */
  readonly about?: string | undefined;
}
