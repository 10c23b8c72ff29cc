/** Every key a policy trusts, ready to be looked up. Made by `createAnchors`. */
export interface Anchors {
  readonly size: number;
}
