'use client'
import { useEffect } from 'react'

/** Puts the visitor into the field that has the fault, whose description says which; without JavaScript they find it themselves. */
export function FocusFault({ field }: { field: string }) {
  useEffect(() => document.getElementById(field)?.focus(), [field])
  return null
}
