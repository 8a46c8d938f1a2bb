import { notFound } from 'next/navigation'

/** What no other page answers. Next's own answer to that asks for no font in time, and would be set in another type. */
export default function MissingPage(): never {
  notFound()
}
