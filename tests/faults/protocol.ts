/** The messages between a parent and its child process. */
export interface ServeOrder {
  readonly do: "serve";
  /** The options of `serve()` that can be written as JSON. */
  readonly options: Readonly<Record<string, unknown>> & { readonly socket: string };
  /** The file that gets a line for each finished unary call. */
  readonly log?: string;
  /** Whether `Date` should return wrong times. */
  readonly clockJumps?: boolean;
}

export type Order =
  | ServeOrder
  | { readonly do: "close" }
  /** Opens files until all but `spare` descriptors are in use. */
  | { readonly do: "hold descriptors"; readonly spare: number }
  | { readonly do: "free descriptors" };

export type Answer =
  | { readonly did: "begun" }
  | { readonly did: "serving"; readonly address: string; readonly pid: number }
  | { readonly did: "failed"; readonly name: string; readonly message: string }
  | { readonly did: "complained"; readonly message: string }
  | { readonly did: "held"; readonly count: number }
  | { readonly did: "freed" }
  | { readonly did: "closed" }
  | { readonly did: "ended" };
