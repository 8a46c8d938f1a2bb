'use client'
import { useState } from 'react'
import { quietButtonClass } from './form-parts.tsx'

export function CopyButton({ text }: { text: string }) {
  const [label, setLabel] = useState('Copy')
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setLabel('Copied'),
      () => setLabel('Select it and copy'),
    )
  return (
    <button type="button" onClick={copy} className={quietButtonClass}>
      <span aria-live="polite">{label}</span>
    </button>
  )
}
