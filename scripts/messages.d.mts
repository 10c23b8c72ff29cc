/** What one place of the source says; `…` stands for each value. */
export interface Message {
  /** Below src/. */
  readonly file: string;
  readonly line: number;
  /** `text`: said in a way of its own, or a part of what is. */
  readonly kind: "error" | "finding" | "row" | "sentence" | "text";
  readonly says: readonly string[];
  readonly mends: readonly string[];
}

export function messagesOf(file: string, text: string): readonly Message[];
export function allMessages(): readonly Message[];
export function renderMessages(messages?: readonly Message[]): string;
