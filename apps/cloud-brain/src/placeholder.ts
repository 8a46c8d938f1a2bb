const PLACEHOLDER_TEXT =
  /^(<.*>|\[.*\]|\{.*\}|\$\{?.*|x{3,}|\*+|\.{3,}|.*change[-_ ]?me.*|replace[-_ ]?me|your[-_ ].*|my[-_](token|secret|password)|todo|none|null|undefined|placeholder|dummy|example)$/i

const PLACEHOLDER_HOST = /(^|\.)(example\.(com|org|net)|example)$|^(example|your-|my-|us1-your|xxx)[^.]*\.upstash\.io$/i

/** Whether a credential was copied from a template and never filled in. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER_TEXT.test(value.trim())
}

/** Whether a URL names a host that stands for "put yours here". */
export function isPlaceholderUrl(url: string): boolean {
  if (isPlaceholder(url) || /[<>]/.test(url)) return true
  return URL.canParse(url) && PLACEHOLDER_HOST.test(new URL(url).hostname)
}
